// A proposal of `beds design new`. Read it, change it, own it; then run it: mongosh mongodb://… mongodb.js

// What the node keeps beside the templates' own objects
db = db.getSiblingDB("field");

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

// reading
db = db.getSiblingDB("field");

db.runCommand({ "create": "reading", "validator": {
  "$jsonSchema": {
    "bsonType": "object",
    "additionalProperties": false,
    "properties": {
      "_id": {
        "bsonType": "binData"
      },
      "station": {
        "bsonType": "string",
        "minLength": 0,
        "maxLength": 20
      },
      "at": {
        "bsonType": "date"
      },
      "value": {
        "bsonType": [
          "double",
          "int",
          "long"
        ]
      }
    },
    "required": [
      "_id",
      "station",
      "at",
      "value"
    ]
  }
} });

db.runCommand({ "createIndexes": "reading", "indexes": [{ "name": "station_1__id_1", "key": { "station": 1, "_id": 1 } }] });

db.runCommand({ "createIndexes": "reading", "indexes": [{ "name": "at_1__id_1", "key": { "at": 1, "_id": 1 } }] });

db.runCommand({ "create": "v_reading", "viewOn": "reading", "pipeline": [{"$project":{"_id":1,"station":1,"at":1,"value":1}}] });

// station
db = db.getSiblingDB("field");

db.runCommand({ "create": "station", "validator": {
  "$jsonSchema": {
    "bsonType": "object",
    "additionalProperties": false,
    "properties": {
      "_id": {
        "bsonType": "string",
        "minLength": 0,
        "maxLength": 20
      },
      "place": {
        "bsonType": [
          "object",
          "null"
        ],
        "additionalProperties": false,
        "properties": {
          "latitude": {
            "bsonType": [
              "double",
              "int",
              "long"
            ]
          },
          "longitude": {
            "bsonType": [
              "double",
              "int",
              "long"
            ]
          }
        },
        "required": [
          "latitude",
          "longitude"
        ]
      },
      "kind": {
        "enum": [
          "wind",
          "rain"
        ]
      },
      "revision": {
        "bsonType": [
          "int",
          "long"
        ],
        "minimum": 1
      }
    },
    "required": [
      "_id",
      "kind",
      "revision"
    ]
  }
} });

db.runCommand({ "createIndexes": "station", "indexes": [{ "name": "kind_1__id_1", "key": { "kind": 1, "_id": 1 } }] });

db.runCommand({ "create": "v_station", "viewOn": "station", "pipeline": [{"$project":{"_id":1,"place":1,"kind":1,"revision":1}}] });

// What the node keeps beside the templates' own objects
db = db.getSiblingDB("field");

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
