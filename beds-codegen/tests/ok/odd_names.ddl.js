// A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mongosh mongodb://… mongodb.js

// domain
db = db.getSiblingDB("logs");

db.runCommand({ "create": "msLogs", "validator": {
  "$jsonSchema": {
    "bsonType": "object",
    "additionalProperties": false,
    "properties": {
      "_id": {
        "bsonType": "objectId"
      },
      "type": {
        "bsonType": "string",
        "minLength": 0,
        "maxLength": 40,
        "description": "kind \"quoted\""
      },
      "self": {
        "bsonType": [
          "int",
          "long",
          "null"
        ],
        "description": "bare \r return, ‮ turned, */ closed"
      },
      "Option": {
        "bsonType": [
          "array",
          "null"
        ],
        "maxItems": 100,
        "items": {
          "bsonType": "object",
          "additionalProperties": false,
          "properties": {
            "a": {
              "bsonType": [
                "array",
                "null"
              ],
              "maxItems": 100,
              "items": {
                "bsonType": "string",
                "minLength": 0,
                "maxLength": 255
              }
            },
            "b": {
              "bsonType": [
                "string",
                "null"
              ],
              "minLength": 0,
              "maxLength": 255,
              "pattern": "^(?:a\\d+)$"
            }
          }
        }
      },
      "Option_item": {
        "bsonType": [
          "object",
          "null"
        ],
        "additionalProperties": false,
        "properties": {
          "x": {
            "bsonType": [
              "double",
              "int",
              "long",
              "null"
            ]
          }
        }
      },
      "big": {
        "bsonType": [
          "int",
          "long"
        ],
        "minimum": 1,
        "maximum": 9223372036854775807
      },
      "f": {
        "bsonType": [
          "double",
          "int",
          "long"
        ]
      },
      "b": {
        "bsonType": [
          "binData",
          "null"
        ]
      },
      "at": {
        "bsonType": "date"
      }
    },
    "required": [
      "_id",
      "type",
      "big",
      "f",
      "at"
    ]
  }
} });

db.runCommand({ "createIndexes": "msLogs", "indexes": [{ "name": "type_1__id_1", "key": { "type": 1, "_id": 1 } }] });
