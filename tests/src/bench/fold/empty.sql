-- begin a round with nothing
TRUNCATE run_v1.run, run_v1.entry, bench.event, bench.run, bench.entry;
