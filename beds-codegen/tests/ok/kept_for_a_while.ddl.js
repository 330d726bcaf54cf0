// A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mongosh mongodb://… mongodb.js

// visit
db = db.getSiblingDB("journal");

db.runCommand({ "create": "visit", "validator": {
  "$jsonSchema": {
    "bsonType": "object",
    "additionalProperties": false,
    "properties": {
      "_id": {
        "bsonType": "binData"
      },
      "seen_at": {
        "bsonType": "date"
      },
      "left_at": {
        "bsonType": [
          "date",
          "null"
        ]
      },
      "who": {
        "bsonType": "string",
        "minLength": 0,
        "maxLength": 40
      }
    },
    "required": [
      "_id",
      "seen_at",
      "who"
    ]
  }
} });

db.runCommand({ "createIndexes": "visit", "indexes": [{ "name": "seen_at_1__id_1", "key": { "seen_at": 1, "_id": 1 } }] });

db.runCommand({ "createIndexes": "visit", "indexes": [{ "name": "seen_at_ttl", "key": { "seen_at": 1 }, "expireAfterSeconds": 2592000 }] });
