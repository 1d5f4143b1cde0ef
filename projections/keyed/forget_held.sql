-- forget what was held for them
DELETE FROM held
WHERE from_seq >= $1
