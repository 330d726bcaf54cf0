// The rights of the node's user, as `bedsc grants` writes them; run it: mongosh mongodb://… mongodb.js
// A new user gets the password in the environment variable BEDS_PASSWORD, or the one that is asked for.
{
  const name = "beds";
  const roles = [
    {
      db: "field",
      privileges: [
        {"resource":{"db":"field","collection":""},"actions":["listCollections","listIndexes"]},
        {"resource":{"db":"field","collection":"beds_ledger"},"actions":["find","insert","remove","update"]},
        {"resource":{"db":"field","collection":"reading"},"actions":["find","insert"]},
        {"resource":{"db":"field","collection":"station"},"actions":["find","insert","remove","update"]},
        {"resource":{"db":"field","collection":"v_reading"},"actions":["find"]},
        {"resource":{"db":"field","collection":"v_station"},"actions":["find"]}
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
