//! What the help says below the list of commands.

pub(super) const AFTER_HELP: &str = "\
Examples:
  helmstream up --sample                     a plane on this machine, with a run to look at
  helmstream publish events.ndjson           publish, and tell what became of each event
  helmstream faber sync .                    publish what a project's folder holds
  helmstream run list --status running       what is going on
  helmstream run show acme/shop-42           one run from beginning to end
  helmstream approval list                   what waits for an answer
  helmstream deployment list                 what is deployed where
  helmstream token list                      who may come in, and until when
  helmstream event tail                      what is recorded from now on
  helmstream event why 17                    from the door to every effect
  helmstream service list                    what runs, and what each part of it does
  helmstream verify                          whether log and ledger say the same
  helmstream doctor                          what is wrong with the plane, or will be
  helmstream backup create /srv/backup/1     everything but the secrets, while the plane works
  helmstream run list --at 2026-01-31        what was going on then
  helmstream diff --from 100 --to 140        what changed in between
  helmstream event list -o ndjson | jq .id   every answer is also data

Exit codes:
  0    done; everything asked about was found
  1    an error
  2    the command line was not understood
  3    nothing has that name
  4    some events were refused, are dead letters or were lost
  5    of some events it is not known yet what became of them; an approval is still open
  6    the health that was asked for is unknown
  7    `verify`, `backup restore` or `backup drill` found a difference
  8    there is something to do: `setup --check`, `doctor`
  9    something is wrong that somebody has to see to: `setup --check`, `doctor`
  10   an approval that was waited for was denied
  11   it expired: nobody answered in time
  12   it was withdrawn
  69   NATS or Postgres is away
  130  interrupted by Ctrl-C; `backup` by SIGTERM too

Environment:
  HELMSTREAM_PLANE       the plane's directory, as --plane
  HELMSTREAM_SERVER      the plane's address over HTTP, as --server
  HELMSTREAM_PROFILE     its name in profiles.toml, as --profile
  HELMSTREAM_TOKEN_FILE  the file that holds the token, as --token-file
  HELMSTREAM_TOKEN       the token itself, where nothing better can hold it
  HELMSTREAM_LISTEN      where `serve` answers over HTTP, as --listen
  HELMSTREAM_METRICS     where metrics are told, as --metrics
  HELMSTREAM_HEARTBEAT_FILE  the file with the address for signs of life, as --heartbeat-file
  OTEL_EXPORTER_OTLP_ENDPOINT  where traces are told, as --otlp
  HELMSTREAM_LOG_FORMAT  text or json, as --log-format
  HELMSTREAM_LOG         what is logged to stderr, such as debug or helmstream_stream=trace
  NO_COLOR               no colours";
