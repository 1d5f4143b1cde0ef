-- what the door may: keep personal values and look them up, and read the ledger
GRANT USAGE ON SCHEMA people, ledger TO {role};
GRANT SELECT, INSERT ON people.person TO {role};
GRANT SELECT ON ledger.record, ledger.checkpoint TO {role};
