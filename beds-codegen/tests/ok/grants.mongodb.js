// The rights of the node's user, as `bedsc grants` writes them; run it: mongosh mongodb://… mongodb.js
// A new user gets the password in the environment variable BEDS_PASSWORD, or the one that is asked for.
{
  const name = "beds";
  const roles = [
    {
      db: "journal",
      privileges: [
        {"resource":{"db":"journal","collection":""},"actions":["listCollections","listIndexes"]},
        {"resource":{"db":"journal","collection":"visit"},"actions":["find","insert"]}
      ],
    },
    {
      db: "logs",
      privileges: [
        {"resource":{"db":"logs","collection":""},"actions":["listCollections","listIndexes"]},
        {"resource":{"db":"logs","collection":"msLogs"},"actions":["find","insert","remove","update"]}
      ],
    },
    {
      db: "shop",
      privileges: [
        {"resource":{"db":"shop","collection":""},"actions":["listCollections","listIndexes"]},
        {"resource":{"db":"shop","collection":"beds_ledger"},"actions":["find","insert","remove","update"]},
        {"resource":{"db":"shop","collection":"memo"},"actions":["find","insert","remove","update"]},
        {"resource":{"db":"shop","collection":"v_memo"},"actions":["find"]}
      ],
    },
    {
      db: "sports",
      privileges: [
        {"resource":{"db":"sports","collection":""},"actions":["listCollections","listIndexes"]},
        {"resource":{"db":"sports","collection":"beds_audit"},"actions":["insert"]},
        {"resource":{"db":"sports","collection":"beds_ledger"},"actions":["find","insert","remove","update"]},
        {"resource":{"db":"sports","collection":"match_days"},"actions":["insert","update"]},
        {"resource":{"db":"sports","collection":"matches"},"actions":["find","insert","remove","update"]}
      ],
    },
  ];
  for (const { db: database, privileges } of roles) {
    const there = db.getSiblingDB(database);
    if (there.getRole(name)) {
      there.updateRole(name, { privileges, roles: [] });
    } else {
      there.createRole({ role: name, privileges, roles: [] });
    }
  }
  const granted = roles.map(({ db: database }) => ({ role: name, db: database }));
  const admin = db.getSiblingDB('admin');
  if (admin.getUser(name)) {
    admin.grantRolesToUser(name, granted);
  } else {
    admin.createUser({ user: name, pwd: process.env.BEDS_PASSWORD || passwordPrompt(), roles: granted });
  }
}
