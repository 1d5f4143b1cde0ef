-- open the spans that they closed
UPDATE held
SET until_seq = 9223372036854775807
WHERE until_seq >= $1 AND until_seq < 9223372036854775807
