// A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mongosh mongodb://… mongodb.js

// memo
db = db.getSiblingDB("shop");

db.runCommand({ "create": "memo", "validator": {
  "$jsonSchema": {
    "bsonType": "object",
    "additionalProperties": false,
    "properties": {
      "_id": {
        "bsonType": "string",
        "minLength": 0,
        "maxLength": 80
      },
      "title": {
        "bsonType": "string",
        "minLength": 0,
        "maxLength": 80
      },
      "owner": {
        "bsonType": [
          "string",
          "null"
        ],
        "minLength": 0,
        "maxLength": 80
      },
      "status": {
        "enum": [
          "draft",
          "active"
        ]
      },
      "margin": {
        "bsonType": [
          "decimal",
          "null"
        ]
      },
      "price": {
        "bsonType": [
          "decimal",
          "null"
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
      "title",
      "status",
      "revision"
    ]
  }
} });

db.runCommand({ "createIndexes": "memo", "indexes": [{ "name": "title_1__id_1", "key": { "title": 1, "_id": 1 } }] });

db.runCommand({ "createIndexes": "memo", "indexes": [{ "name": "owner_1__id_1", "key": { "owner": 1, "_id": 1 } }] });

db.runCommand({ "createIndexes": "memo", "indexes": [{ "name": "status_1__id_1", "key": { "status": 1, "_id": 1 } }] });

db.runCommand({ "createIndexes": "memo", "indexes": [{ "name": "margin_1__id_1", "key": { "margin": 1, "_id": 1 } }] });

db.runCommand({ "createIndexes": "memo", "indexes": [{ "name": "price_1__id_1", "key": { "price": 1, "_id": 1 } }] });

db.runCommand({ "create": "v_memo", "viewOn": "memo", "pipeline": [{"$project":{"_id":1,"title":1,"owner":1,"status":1,"margin":1,"price":1,"revision":1}}] });
