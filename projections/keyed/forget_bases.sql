-- forget the bases from a position on
DELETE FROM base
WHERE seq >= $1
