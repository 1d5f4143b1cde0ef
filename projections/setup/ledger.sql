-- what the projector of the ledger and of second names may; no record can be altered by it
GRANT USAGE ON SCHEMA ledger_v1, alias_v1 TO {role};
GRANT INSERT ON ledger_v1.record TO {role};
GRANT SELECT, INSERT, UPDATE ON ledger_v1.checkpoint, alias_v1.checkpoint, alias_v1.alias TO {role};
GRANT SELECT, INSERT ON ledger_v1.parked, alias_v1.parked TO {role};
