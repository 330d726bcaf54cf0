// A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mongosh mongodb://… mongodb.js

// match
db = db.getSiblingDB("sports");

db.runCommand({ "create": "matches", "validator": {
  "$jsonSchema": {
    "bsonType": "object",
    "additionalProperties": false,
    "properties": {
      "_id": {
        "bsonType": "objectId"
      },
      "teams": {
        "bsonType": "array",
        "maxItems": 2,
        "items": {
          "bsonType": "object",
          "additionalProperties": false,
          "properties": {
            "name": {
              "bsonType": "string",
              "minLength": 0,
              "maxLength": 80
            },
            "goals": {
              "bsonType": [
                "array",
                "null"
              ],
              "maxItems": 100,
              "items": {
                "bsonType": [
                  "int",
                  "long"
                ],
                "minimum": 0,
                "maximum": 200
              }
            }
          },
          "required": [
            "name"
          ]
        }
      },
      "referee": {
        "bsonType": [
          "object",
          "null"
        ],
        "additionalProperties": false,
        "properties": {
          "name": {
            "bsonType": "string",
            "minLength": 0,
            "maxLength": 255
          },
          "e_mail": {
            "bsonType": [
              "string",
              "null"
            ],
            "minLength": 0,
            "maxLength": 255
          }
        },
        "required": [
          "name"
        ]
      },
      "rating": {
        "bsonType": [
          "decimal",
          "null"
        ]
      },
      "played": {
        "bsonType": "date"
      },
      "crowd": {
        "bsonType": [
          "int",
          "long",
          "null"
        ],
        "minimum": 0,
        "maximum": 9223372036854775807
      },
      "version": {
        "bsonType": [
          "int",
          "long"
        ],
        "minimum": 1
      }
    },
    "required": [
      "_id",
      "teams",
      "played",
      "version"
    ]
  }
} });

db.runCommand({ "createIndexes": "matches", "indexes": [{ "name": "rating_1__id_1", "key": { "rating": 1, "_id": 1 } }] });

db.runCommand({ "createIndexes": "matches", "indexes": [{ "name": "played_1__id_1", "key": { "played": 1, "_id": 1 } }] });

db.runCommand({ "createIndexes": "matches", "indexes": [{ "name": "crowd_1__id_1", "key": { "crowd": 1, "_id": 1 } }] });
