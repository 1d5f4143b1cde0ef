-- begin a round with nothing
TRUNCATE run_v1.run, bench.event, bench.run;
