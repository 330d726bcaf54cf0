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

db.runCommand({ "create": "beds_audit", "validator": {
  "$jsonSchema": {
    "bsonType": "object",
    "required": [
      "_id",
      "at",
      "template",
      "operation"
    ],
    "additionalProperties": false,
    "properties": {
      "_id": {
        "bsonType": "string"
      },
      "at": {
        "bsonType": "date"
      },
      "user": {
        "maxLength": 255,
        "bsonType": [
          "string",
          "null"
        ]
      },
      "amqp_user": {
        "maxLength": 255,
        "bsonType": [
          "string",
          "null"
        ]
      },
      "session": {
        "maxLength": 255,
        "bsonType": [
          "string",
          "null"
        ]
      },
      "template": {
        "maxLength": 255,
        "bsonType": "string"
      },
      "operation": {
        "maxLength": 255,
        "bsonType": "string"
      },
      "record": {
        "maxLength": 512,
        "bsonType": [
          "string",
          "null"
        ]
      },
      "version": {
        "bsonType": [
          "long",
          "null"
        ]
      },
      "request_id": {
        "maxLength": 255,
        "bsonType": [
          "string",
          "null"
        ]
      },
      "message_id": {
        "maxLength": 128,
        "bsonType": [
          "string",
          "null"
        ]
      }
    }
  }
} });

db.runCommand({"createIndexes":"beds_audit","indexes":[{"name":"at_1","key":{"at":1}}]});

db.runCommand({"createIndexes":"beds_audit","indexes":[{"name":"user_1","key":{"user":1}}]});

db.runCommand({"createIndexes":"beds_audit","indexes":[{"name":"template_1","key":{"template":1}}]});

db.runCommand({"createIndexes":"beds_audit","indexes":[{"name":"record_1","key":{"record":1}}]});
