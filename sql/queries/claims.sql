-- The article's claims and what the data say: verdict, the share that decides and its range, and why.
-- With a verdict only those: supported, contradicted, outdated, inconclusive, not_checkable, opinion.
-- $verdict =
SELECT
    claim_id, verdict, anchor, stated_share, primary_share, primary_year, range_low_share,
    range_high_share, nearest_share, nearest_year, why, understood, needs, flags, source, edition
FROM view.claims
WHERE verdict = coalesce($verdict, verdict)
ORDER BY
    array_position(
        ['contradicted', 'outdated', 'supported', 'inconclusive', 'opinion', 'not_checkable'],
        verdict
    ),
    claim_id
