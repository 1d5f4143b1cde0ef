-- what somebody who asks may: read everything by the names that outlive versions
GRANT USAGE ON SCHEMA run, access, approval, deployment, dead_letter, deadline, ledger, alias, people TO {role};
GRANT SELECT ON ALL TABLES
    IN SCHEMA run, access, approval, deployment, dead_letter, deadline, ledger, alias, people TO {role};
