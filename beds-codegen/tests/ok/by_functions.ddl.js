// A proposal of `bedsc ddl`. Read it, change it, own it; then run it: mongosh mongodb://… mongodb.js

// stock
db = db.getSiblingDB("journal");
