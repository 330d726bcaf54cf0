// A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mongosh mongodb://… mongodb.js

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
        "bsonType": "object",
        "required": [
          "user",
          "message_id",
          "step"
        ],
        "additionalProperties": false,
        "properties": {
          "user": {
            "maxLength": 255,
            "bsonType": "string"
          },
          "message_id": {
            "maxLength": 128,
            "bsonType": "string"
          },
          "step": {
            "minimum": 0,
            "maximum": 65535,
            "bsonType": [
              "int",
              "long"
            ]
          }
        }
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
