// A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mongosh mongodb://… mongodb.js

// What the node keeps beside the templates' own objects
db = db.getSiblingDB("shop");

db.runCommand({ "create": "beds_ledger", "validator": {
  "$jsonSchema": {
    "bsonType": "object",
    "required": [
      "_id",
      "digest",
      "at"
    ],
    "additionalProperties": false,
    "properties": {
      "_id": {
        "bsonType": "string"
      },
      "digest": {
        "bsonType": "binData"
      },
      "reply": {
        "bsonType": [
          "binData",
          "null"
        ]
      },
      "at": {
        "bsonType": "date"
      }
    }
  }
} });

db.runCommand({"createIndexes":"beds_ledger","indexes":[{"name":"at_1","key":{"at":1}}]});

// What the node keeps beside the templates' own objects
db = db.getSiblingDB("sports");

db.runCommand({ "create": "beds_ledger", "validator": {
  "$jsonSchema": {
    "bsonType": "object",
    "required": [
      "_id",
      "digest",
      "at"
    ],
    "additionalProperties": false,
    "properties": {
      "_id": {
        "bsonType": "string"
      },
      "digest": {
        "bsonType": "binData"
      },
      "reply": {
        "bsonType": [
          "binData",
          "null"
        ]
      },
      "at": {
        "bsonType": "date"
      }
    }
  }
} });

db.runCommand({"createIndexes":"beds_ledger","indexes":[{"name":"at_1","key":{"at":1}}]});
