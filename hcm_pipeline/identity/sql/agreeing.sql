-- One row: a candidate whose account agrees with the worker in more than the number.
-- Makes: person_number, object_id
-- Reads: {candidates}, {workers}, {emails}, {accounts}
with account as (
    select object_id, {account_words}
    from {accounts} where object_id in (select object_id from {candidates})),
compared as (
    select candidate.person_number, candidate.object_id, candidate.tier, worker.first_words,
        list_filter(worker.last_words, lambda word: word not in ({particles})) as last_words,
        account.names, account.handles, account.squashed, account.addresses, {folded_email} as email
    from {candidates} candidate
    join {workers} worker on worker.person_number = candidate.person_number
    join account on account.object_id = candidate.object_id
    left join {emails} worker_mail on worker_mail.person_number = candidate.person_number)
select person_number, object_id from compared
where list_has_any(last_words, names || handles)
or len(list_filter(last_words, lambda word: length(word) > 2 and contains(squashed, word))) > 0
or (list_has_any(first_words, names || handles)
    and len(list_filter(names, lambda word: not list_contains(first_words, word))) = 0)
or (tier = 1 and email is not null and list_contains(addresses, email))
