-- The warehouse's tables, by the room that writes them. Columns of worker fields and of mapped values are added by the profile
-- (`ensure_columns`); no column here depends on one.

create table meta (key varchar primary key, value varchar not null);

-- === extracts/

-- one row: one file ever taken, for a source and a business date
create table extracts (
    extract_id integer primary key,
    sha256 varchar not null,               -- of its bytes; the same bytes for another date or source, or after others, are another
    source varchar not null,
    content varchar not null,              -- full | changes-only
    business_date date not null,
    name varchar not null,                 -- file name as delivered
    size_bytes bigint not null,
    landed_at timestamptz not null,
    shape json not null,                   -- the description: header, records, and what its format keeps
    unknown_columns varchar[] not null,    -- in the file, not in the profile
    missing_columns varchar[] not null,    -- in the profile, not in the file: what is known of them is kept
    status varchar not null,               -- landed | applied | superseded | stopped | refused
    rows bigint,                           -- data records in the file
    quarantined bigint,
    reason varchar,                        -- why it was refused or stopped
    control_total bigint                   -- records by its trailer
);

-- one row: one finding about an extract
create table extract_findings (
    extract_id integer not null,
    rule varchar not null,
    message varchar not null,
    detail varchar                         -- values of cohorts
);

-- one row: what a person decided about one extract; the newest counts
create table extract_decisions (
    extract_id integer not null,
    decision varchar not null,             -- accept | part | refuse
    decided_by varchar not null,
    decided_at timestamptz not null,
    why varchar not null,
    how varchar not null                   -- cli | ui | proxy
);

-- === workers/

-- one row: one business date that was processed
create table days (
    business_date date primary key,
    state varchar not null,                -- sha256 over everything the snapshot of this date was made from
    contract varchar not null,             -- sha256 of the profile that judged the rows
    extracts integer not null,
    rows bigint not null,
    collapsed bigint not null,             -- identical repeats
    passed_over bigint not null,           -- rows that the profile's pick rule decided against
    quarantined bigint not null,
    workers bigint not null,               -- in the snapshot
    absent bigint not null,                -- in the snapshot, not in today's full extracts: kept
    manager_warnings bigint not null,
    identities_given bigint not null,
    status varchar not null,               -- done | stopped
    reason varchar,
    finished_at timestamptz not null,
    judged_at timestamptz not null         -- the moment for which dates were judged
);

-- one row: one business date that was taken back with an earlier one and must be processed again
create table to_rebuild (business_date date primary key);

-- one row: one version of one worker, true from valid_from until the day before valid_to (null: still)
create table worker_versions (
    person_number varchar not null using compression uncompressed, -- as `identities`, and fields of the profile that are like it
    valid_from date not null,
    valid_to date,
    digest uuid not null,              -- over the facts: the worker fields, as HR states them
    extract_id integer not null,
    row_no bigint not null,
    status_active boolean,                 -- what HR's status says; `active` is whether the account is to be enabled
    life_stage varchar,                    -- erased | missing | no_show | future | prehire | a step | grace | left | on_leave | active
    next_at timestamptz,                   -- when the stage has to be judged again (null: never by itself)
    known_from timestamptz,                -- when the day that taught us this was processed
    as_read uuid                           -- over the texts of the row in its file, and the way they are read (null: put together)
);

-- one row: one row of a worker that the rules decided against, while it is true: it may win on another day
create table other_rows (
    person_number varchar not null,
    valid_from date not null,
    valid_to date,
    digest uuid not null,
    extract_id integer not null,
    row_no bigint not null
);

-- one row: one version that was believed until its day was processed anew, and came out otherwise
create table withdrawn_versions (
    person_number varchar not null,
    valid_from date not null,
    digest uuid not null,
    extract_id integer not null,
    row_no bigint not null,
    status_active boolean,
    life_stage varchar,
    known_from timestamptz,
    known_to timestamptz not null,
    settled boolean not null               -- its day has been processed since, and said otherwise
);

-- one row: one worker whose manager is not sent, and why (unknown | self | cycle)
create table manager_warnings (
    person_number varchar not null, status varchar not null, valid_from date not null, valid_to date
);

-- one row: one worker who was missing from the full extracts of a source; status absent | missing
create table absences (
    person_number varchar not null, status varchar not null, valid_from date not null, valid_to date
);

-- one row: one worker who differs between two snapshots
create table changes (
    business_date date not null,
    person_number varchar not null using compression zstd, -- as in `versions`
    kind varchar not null,
    attributes varchar[] not null,
    before_from date                       -- valid_from of the version before (null: none)
);

-- one row: one row of an extract that breaks a rule: it does not count, or not in the cells that break one
create table quarantined_rows (
    business_date date not null,
    extract_id integer not null,
    row_no bigint not null,
    person_number varchar,
    held varchar not null,                 -- cells: the row counts without them; row: it does not count
    broken struct(rule varchar, column_name varchar, value_class varchar, "value" varchar)[] not null,
    raw varchar using compression zstd,    -- a ninth of what DuckDB would choose takes, and in less time
    as_read uuid                           -- as in worker_versions, with the code that judged it, of a row of which a later day may say
                                           -- the same (null: it is judged each day)
);

-- one row: one cell that breaks a rule, from the row that says so until a later row mends it
create table held_cells (
    person_number varchar,                 -- null: the row cannot be read that far
    field varchar,                         -- worker field; null: the row as a whole
    valid_from date not null,
    valid_to date,
    since date not null,                   -- when it was held back first
    extract_id integer not null,
    row_no bigint not null,
    held varchar not null,                 -- cells: the row counts, with the last good value here; row: it does not count
    ends boolean not null,                 -- an exit may hang on it
    row_key varchar,                       -- the values of the profile's row_key
    "rule" varchar not null,
    column_name varchar,
    value_class varchar,
    "value" varchar
);

-- one row: one text of a worker that looks odd, or like another worker's name, and that somebody has looked at
create table seen_names (
    person_number varchar not null,
    "value" varchar not null,
    business_date date not null,           -- of the row in question: it is processed anew from here on
    decided_by varchar not null,
    decided_at timestamptz not null,
    how varchar not null                   -- cli | ui | proxy | import (of another ledger, which does not say)
);

-- one row: one worker who leaves by a row of a business date that has stopped
create table stopped_exits (business_date date not null, person_number varchar not null);

-- one row: one row that a pick rule decided against
create table passed_over_rows (
    business_date date not null, extract_id integer not null, row_no bigint not null, person_number varchar not null
);

create view quarantine_reasons as
    select quarantined.business_date, extract.sha256 as extract_sha256, extract.name as file, quarantined.row_no,
        quarantined.person_number, quarantined.held, violation.rule, violation.column_name, violation.value_class,
        violation."value"
    from quarantined_rows quarantined, unnest(quarantined.broken) as violations(violation), extracts extract
    where extract.extract_id = quarantined.extract_id;

-- one row: one cell that is held back now; `exit_may_wait`: somebody who has not left may have, by what it says
create view held_back as
    select cell.person_number, cell.field, cell.since, extract.sha256 as extract_sha256, extract.name as file, cell.row_no, cell.held,
        cell."rule", cell.column_name, cell.value_class, cell."value",
        cell.ends and (cell.person_number is null or worker.life_stage in ('active', 'on_leave', 'grace', 'prehire', 'future'))
            is true as exit_may_wait
    from held_cells cell join extracts extract using (extract_id)
    left join worker_versions worker on worker.person_number = cell.person_number and worker.valid_to is null
    where cell.valid_to is null;

-- snapshot('2026-11-02'): all workers as known for a business date
create macro snapshot(day) as table
    select * exclude (valid_to, as_read) from worker_versions
    where valid_from <= day::date and (valid_to is null or valid_to > day::date);

-- believed('2026-05-03', '2026-05-10'): all workers as they were for the first date, by what was known at the end of the second (UTC)
create macro believed(day, known_on) as table
    select * exclude (known_to, settled) from (
        select * exclude (valid_to, next_at, as_read), null::timestamptz as known_to, true as settled from worker_versions
        union all by name select * from withdrawn_versions)
    where valid_from <= day::date and known_from < timezone('UTC', (known_on::date + 1)::timestamp)
        and (known_to is null or known_to >= timezone('UTC', (known_on::date + 1)::timestamp))
    qualify row_number() over (partition by person_number order by valid_from desc, known_from desc) = 1;

-- one row: one attribute of one change, with what it was and what it is; of a joiner, everything that is known
create view change_attributes as
    select business_date, person_number, kind, attribute, to_json(before) ->> attribute as old, to_json(after) ->> attribute as new
    from (
        -- unnested in the select list: a filter on the worker or the date reaches the tables, which it does not past a lateral join
        select change.business_date, change.person_number, change.kind, earlier as before, later as after,
            unnest(case when change.before_from is not null then change.attributes
                else list_filter(json_keys(to_json(later)), lambda key: (to_json(later) ->> key) is not null
                    and key not in ('person_number', 'valid_from', 'valid_to', 'digest', 'extract_id', 'row_no', 'status_active',
                        'next_at', 'known_from', 'as_read')) end) as attribute
        from changes change
        join worker_versions later on later.person_number = change.person_number and later.valid_from = change.business_date
        left join worker_versions earlier
            on earlier.person_number = change.person_number and earlier.valid_from = change.before_from);

-- === identity/

-- one row: one worker's names, for life; unique, which the transaction that gives names verifies (an index would cost
-- more than all the naming). Columns that are read of everybody every day, and differ from worker to worker, are not compressed:
-- that would take a fifth of the time of a first load's names
create table identities (
    person_number varchar not null using compression uncompressed,
    user_principal_name varchar not null using compression uncompressed,
    sam_account_name varchar using compression uncompressed, -- null: not known of an account that was there before; given at
                                           -- the next run
    common_name varchar using compression uncompressed, -- the same
    mail_nickname varchar not null using compression uncompressed,
    parent_distinguished_name varchar,
    status varchar not null,               -- given | imported | adopted | released
    given_on date,                         -- null: not known of an imported one
    released_on date,                      -- since when others may have the names
    upn_rule varchar not null,             -- which candidate won: candidate 2, candidate 1 and a number, person number
    sam_rule varchar,
    cn_rule varchar,
    placed_by varchar,                     -- placement 2, leavers 1, default; account or imported: found there, no rule's
    placed_on date,                        -- since when in this container; null: as given_on
    upn_beginning varchar,                 -- of the mail nickname in lower case, without what a number behind it could change; null:
                                           -- the nickname in lower case
    sam_beginning varchar,
    cn_beginning varchar
);

-- one row: one name that a worker held before, and that nobody else is given
create table former_names (
    person_number varchar not null,
    attribute varchar not null,            -- user_principal_name | sam_account_name
    name varchar not null,
    reason varchar not null,               -- renamed | released
    until date not null                    -- first business date without it
);

-- one row: one container that a worker's account was in before
create table former_places (
    person_number varchar not null,
    common_name varchar,                   -- its name there
    parent_distinguished_name varchar,     -- null: no container was known
    until date not null,                   -- first business date in the next one
    cause varchar not null                 -- worker: a field changed; date: days passed since the last one; rules: the profile changed
);

-- one row: one person number whose names another one has taken over, because both are one person; it is given no others
create table successions (
    person_number varchar not null,        -- the former number
    successor varchar not null,
    taken_on date not null,                -- first business date
    decided_by varchar not null,
    decided_at timestamptz not null
);

-- one row: one worker whose names wait for a person's decision
create table identity_reviews (
    person_number varchar not null,
    reason varchar not null,               -- several accounts | account of several workers | account of somebody else
                                           -- | protected account | nothing else agrees | likely rehire | number taken over
    accounts varchar[] not null,           -- userPrincipalNames of the accounts in question
    former varchar[] not null,             -- person numbers of the former workers in question, in the order of the accounts
    opened_on date not null
);

-- one row: what a person decided about one worker's names
create table identity_decisions (
    person_number varchar not null,
    about varchar not null,                -- account | rehire | number: what was asked
    account varchar,                       -- userPrincipalName of the account to adopt; null: none of those, give new names
    same_as varchar,                       -- the former person number whose names are taken over; null: nobody's
    decided_by varchar not null,
    decided_at timestamptz not null,
    how varchar not null                   -- cli | ui | proxy | import (of another ledger, which does not say)
);

-- one row: how one part of one worker's name is spelled, as a person decided; it counts while the part is written so
create table spelling_decisions (
    person_number varchar not null,
    part varchar not null,                 -- first | preferred | middle | last
    "name" varchar not null,
    spelling varchar not null,
    decided_by varchar not null,
    decided_at timestamptz not null,
    how varchar not null                   -- cli | ui | proxy | import (of another ledger, which does not say)
);

-- === first_load/

-- one row: what a person said before a first load of one worker who is not clean: send it as it is. It counts while the reason
-- and the accounts are what they were
create table first_load_decisions (
    person_number varchar not null,
    reason varchar not null,
    accounts varchar[] not null,           -- object_ids of the accounts in question
    decided_by varchar not null,
    decided_at timestamptz not null,
    why varchar not null,
    how varchar not null                   -- cli | ui | proxy
);

-- === directory/

-- one row: one object of a live directory, as it was when the directory was last read
create table directory_objects (
    directory varchar not null,
    object_id varchar not null,
    kind varchar not null,                 -- user | group | contact | computer | container | other
    deleted boolean not null,              -- soft-deleted: its names are still taken
    employee_id varchar,
    user_principal_name varchar,
    sam_account_name varchar,
    common_name varchar,
    mail varchar,
    mail_nickname varchar,
    proxy_addresses varchar[],
    distinguished_name varchar,
    display_name varchar,
    given_name varchar,
    surname varchar,
    admin_count boolean,                   -- Active Directory guards the account itself
    member_of varchar[],                   -- groups and roles: names, or distinguished names
    has_title boolean,                     -- true: there is a value, whichever; null: there is none, or it is not told
    has_department boolean,
    has_company boolean,
    has_division boolean,
    has_office boolean,
    has_street boolean,
    has_city boolean,
    has_state boolean,
    has_postal_code boolean,
    has_country boolean,
    has_mobile boolean,
    has_phone boolean,
    has_employee_type boolean,
    has_manager boolean,
    enabled boolean,                       -- it may sign in; null: it is not told
    company varchar,
    department varchar,
    country varchar,
    employee_type varchar,
    manager varchar                        -- the manager's object_id, distinguished name or userPrincipalName
);

-- one row: one name that an object of a directory holds, in the form in which names are compared
create table directory_names (
    directory varchar not null,
    attribute varchar not null,            -- address | nickname | sam | common_name (with its container behind chr(31))
    key varchar not null,
    kind varchar not null,
    employee_id varchar,                   -- of a user who is not deleted: whose name it is
    object_id varchar,                     -- whose name it is in the directory
    beginning varchar not null using compression uncompressed -- of the key, without what a number behind it could change
);

-- one row: one directory, and when it was last read
create table directory_reads (
    directory varchar primary key,
    read_at timestamptz not null,
    objects bigint not null
);

-- one row: from where on the changes of one resource of a directory are still to be read
create table directory_links (
    directory varchar not null,
    resource varchar not null,             -- users | groups
    link varchar not null,                 -- the service's delta link, without its host
    scope varchar not null,                -- sha256 of the target and the properties that it was made for
    full_at timestamptz not null           -- when everything was read last
);

-- one row: one domain of a directory whose domains are known; none of one whose domains may not be read
create table directory_domains (
    directory varchar not null,
    "domain" varchar not null,             -- lower case
    verified boolean not null
);

-- one row: one user of Entra ID as it was from one reading of its contacts until another: what Oracle HCM may take from there
create table entra_contacts (
    object_id varchar not null,
    employee_id varchar,
    user_principal_name varchar,
    mail varchar,
    work_phone varchar,                    -- the first of businessPhones
    mobile_phone varchar,
    enabled boolean,
    deleted boolean not null,              -- soft-deleted: it may be restored
    known_from timestamptz not null,
    known_to timestamptz                   -- null: still
);

-- === delivery/, plans and their guards

-- one row: one planned upload; plan_no numbers them in the order of planning. Those that are not closed have rows in
-- `planned`; of one plan, no two hold the same worker
create table manifests (
    manifest_id varchar primary key,
    plan_no integer not null,
    business_date date not null,
    target varchar not null,
    requests bigint not null,
    operations bigint not null,
    planned_at timestamptz not null,
    held_for varchar,                      -- what a person decides about; null: free
    undoes varchar                         -- manifest that it takes back
);

-- one row: one operation of a manifest, as it was planned
create table operations (
    plan_no integer not null,
    request_no integer not null,
    op_no integer not null,
    person_number varchar not null using compression zstd, -- as in `versions`
    kind varchar not null,                 -- disable | enable | create | rename | move | update | retry
    digest uuid not null
);

-- one row: one version of one worker as one manifest holds it, from the plan until nothing refers to it any more; the mapped values
-- are added as columns. They are written once: a version that is accepted or replaced is marked, and never copied
create table versions (
    target varchar not null,
    plan_no integer not null,
    position bigint not null,
    person_number varchar not null using compression zstd, -- and values that differ from worker to worker: the time for
                                           -- DuckDB's own choice is twice as long, and they take more room by it
    kind varchar not null,
    digest uuid not null,
    is_planned boolean not null default false,   -- its manifest is not closed
    is_delivered boolean not null default false,
    request_no integer,                    -- null: it was never delivered
    op_no integer,
    replaced_by integer,                   -- plan_no of the version after it; null: none, or longer ago than such are kept
    replaced_at timestamptz                -- on the service's clock
);

-- one row: one operation of a manifest that is not closed, in the order of sending
create view planned as
    select plan_no, position, person_number, kind, digest, * exclude (target, plan_no, position, person_number, kind, digest,
        is_planned, is_delivered, request_no, op_no, replaced_by, replaced_at)
    from versions where is_planned;

-- one row: the last version of one worker that a target accepted
create view delivered as
    select target, person_number, digest, plan_no, request_no, op_no, * exclude (target, person_number, digest, plan_no,
        request_no, op_no, position, kind, is_planned, is_delivered, replaced_by, replaced_at)
    from versions where is_delivered;

-- one row: one version of one worker that a target accepted, and that a later one replaced
create view delivered_before as
    select target, person_number, replaced_by, replaced_at, digest, plan_no, request_no, op_no, * exclude (target, person_number,
        replaced_by, replaced_at, digest, plan_no, request_no, op_no, position, kind, is_planned, is_delivered)
    from versions where replaced_by is not null;

-- one row: one worker whom the newest plan has an operation for, and since when they wait for it
create table first_planned (
    target varchar not null,
    person_number varchar not null using compression zstd, -- as in `versions`
    delivered_plan_no integer not null,    -- of the version that the target has; 0: none
    since timestamptz not null
);

-- one row: the newest plan for one target
create table newest_plans (
    target varchar primary key,
    business_date date not null,
    state varchar not null,                -- of the snapshot that it was made from
    manifest_ids varchar[] not null,
    planned_at timestamptz not null
);

-- one row: what one guard said about one group of a plan's operations
create table guard_verdicts (
    target varchar not null,
    plan_no integer not null,              -- the first number that the plan gave to a manifest
    planned_at timestamptz not null,
    kind varchar not null,                 -- create | update | disable | enable | move | rename | change | clear
    attribute varchar,                     -- of change and clear: the SCIM path
    cohort varchar,                        -- worker field; null: the whole target
    "value" varchar,                       -- of that field
    operations bigint not null,            -- planned, and of the same business date already sent
    base bigint not null,                  -- accounts that they are a share of
    allowed bigint not null,
    "rule" varchar not null,               -- max | percent | history | everybody
    verdict varchar not null               -- passed | tripped
);

-- one row: so many free operations of one plan that one kind of limit counts, in one group
create table plan_counts (
    plan_no integer not null,
    kind varchar not null,                 -- create | update | disable | enable | move | rename | change | clear | several | resend
    attribute varchar,                     -- of change and clear: the SCIM path
    cohort varchar,                        -- worker field; null: the whole target
    "value" varchar,                       -- of that field
    operations bigint not null
);

-- one row: one thing about a free operation of a plan that limits count and that its kind does not tell
create table counted_changes (
    plan_no integer not null,
    request_no integer not null,
    person_number varchar not null,
    kind varchar not null,                 -- change | clear | several | resend
    attribute varchar                      -- of change and clear: the SCIM path
);

-- one row: one worker of whom the target has another version than the delivered one: somebody else sent it, and a person knows.
-- The worker is sent again, and no longer here when the service has accepted that
create table unknown_versions (
    target varchar not null,
    person_number varchar not null,
    since timestamptz not null,
    received varchar[]                     -- the attributes that it has a value of, as the log spells them; null: it does not tell
);

-- one row: one target that was sent something that this home does not know of, when a person let it go on last. The log names
-- workers of whom it was; of the others nobody knows, for a log loses entries and forgets
create table accepted_histories (
    target varchar primary key,
    newest timestamptz,                    -- of the changes that the log told of; null: it told of none
    accepted_at timestamptz not null       -- on the service's clock
);

-- one row: one worker whose desired version is not planned again until it changes
create table withheld (
    target varchar not null,
    person_number varchar not null,
    digest uuid not null,              -- of that version
    reason varchar not null,               -- rejected | undone | history
    manifest_id varchar,                   -- the manifest that was rejected, that undid or was closed; null: it was delivered
    since timestamptz not null
);

-- one row: one value that the target is known to refuse, as the last plan found it
create table target_findings (
    target varchar not null,
    person_number varchar not null,
    attribute varchar not null,
    "rule" varchar not null,               -- is blank | is too long | has another form | is another worker's as well
    length integer,                        -- of the value, in UTF-16 code units
    longest integer,                       -- what the target takes; null: no length is known
    others varchar[],                      -- person numbers of all who have this value
    meanwhile varchar not null             -- cut | last value stays | is not sent | waits: nothing of the worker is sent
);

-- one row: one manifest that a person wants undone
create table undos (
    target varchar not null,
    manifest_id varchar not null,
    requested_by varchar not null,
    requested_at timestamptz not null,
    closed varchar,                        -- done | rejected | null: still wanted
    how varchar not null                   -- cli | ui | proxy
);

-- === delivery/, taken over from the delivery journal

-- one row: one bulk request that the service accepted (202); taken over from the delivery journal
create table accepted_requests (
    plan_no integer not null,
    request_no integer not null,
    accepted_at timestamptz not null,      -- on the service's clock
    perhaps integer not null default 0     -- other attempts of it, which may have arrived, too: no answer came, or 5xx
);

-- one row: one bulk request that has left and is not known to be accepted
create table sent_requests (
    plan_no integer not null,
    request_no integer not null,
    state varchar not null,                -- sent (it may have arrived) | refused
    error varchar,                         -- status, code and request-id of the refusal
    sent_at timestamptz not null,          -- when it first left, on this machine's clock
    perhaps integer not null default 0     -- so many attempts may have arrived: no answer came, or one that does not tell
);

-- one row: one worker of whom a target accepted the delivered version before a person let this home go on last, and whom the log did
-- not name: nobody knows for certain that the target still has it
create view unsure_versions as
    select delivered.target, delivered.person_number, accepted.accepted_at, history.accepted_at as since, history.newest
    from delivered
    join accepted_histories history on history.target = delivered.target
    join accepted_requests accepted on accepted.plan_no = delivered.plan_no and accepted.request_no = delivered.request_no
    where accepted.accepted_at < date_trunc('second', history.accepted_at)  -- an answer's time has whole seconds
        and (delivered.target, delivered.person_number) not in (select (target, person_number) from unknown_versions)
        and (delivered.target, delivered.person_number) not in (
            select (target, person_number) from withheld where reason = 'history');

-- one row: one manifest as the delivery journal has it, taken over with what was accepted
create table manifest_states (
    manifest_id varchar primary key,
    state varchar not null,
    reason varchar
);

-- one row: one decision about a manifest; taken over from the delivery journal
create table manifest_decisions (
    decision_no integer not null,
    manifest_id varchar not null,
    decision varchar not null,             -- approve | reject
    decided_by varchar not null,
    decided_at timestamptz not null,
    why varchar,
    expires_at timestamptz,
    how varchar not null                   -- cli | ui | proxy
);

-- === delivery/, clearing

-- one row: one attribute of a target, and what becomes of a null that is sent for it
create table null_flows (
    target varchar not null,
    attribute varchar not null,
    by_profile varchar not null,           -- flows | stays
    by_service varchar,                    -- flows | stays | unused; null: it has not told, or may not be asked
    flow varchar not null,                 -- the service's word or else the profile's
    since timestamptz not null,            -- when it was first known to be so, on the service's clock where that told
    mapped boolean not null,               -- the newest plan has the attribute
    held_as varchar[]                      -- the account's attributes that have its value, as the service names them; null: not told
);

-- one row: one target, and when its service was last asked which nulls flow
create table null_flow_reads (
    target varchar primary key,
    read_at timestamptz not null,          -- on the service's clock
    why_not varchar                        -- what it did not tell, and why
);

-- one row: one value that was cleared: a record without it was accepted where the target had been sent one with it
create table clearings (
    target varchar not null,
    person_number varchar not null,
    attribute varchar not null,
    "value" varchar not null,              -- that the target was last sent
    cleared_at timestamptz not null,       -- when the first record without it was accepted, on the service's clock
    plan_no integer not null,              -- of the last operation without it
    request_no integer not null,
    op_no integer not null,
    sent_at timestamptz not null,          -- when that was accepted
    closed_at timestamptz,
    -- null: the job cleared it | value: it has one again | made: the account was made without it | directory: shows none | person
    closed_by varchar
);

-- one row: what a person said about cleared values that stayed: they are gone, by hand
create table clearing_decisions (
    target varchar not null,
    person_number varchar,                 -- null: everybody
    attribute varchar,                     -- null: all of them
    "values" bigint not null,              -- so many were closed by it
    decided_by varchar not null,
    decided_at timestamptz not null,
    why varchar,
    how varchar not null                   -- cli
);

-- === targets/entra/, the provisioning log and the synchronization job

-- one row: one entry of the provisioning log about somebody who was sent, by its id
create table log_entries (
    target varchar not null,
    log_id varchar not null,
    logged_at timestamptz not null,        -- on the service's clock
    person_number varchar not null,        -- the externalId
    change_id varchar not null,
    status varchar not null,               -- success | failure | skipped | warning
    action varchar not null,
    skip varchar,                          -- why it was skipped: no change | out of scope | unspecified
    unresolved boolean not null,           -- a reference (the manager) was left out
    twin boolean not null,                 -- the later update that only fills the reference in
    error_code varchar,
    reason varchar,
    advice varchar,
    landed_on varchar,                     -- object_id of the account that the service worked on; null: it does not tell
    received varchar[]                     -- of a create: the attributes that the record had a value of; null: it does not tell
);

-- one row: one target, and how far its log has been read
create table log_reads (
    target varchar primary key,
    read_until timestamptz not null,       -- on the service's clock: when the last whole reading began
    last_entry_at timestamptz              -- the newest entry of the job, whoever it is about
);

-- one row: one target, and whether its synchronization job processes what it is sent
create table job_states (
    target varchar primary key,
    state varchar not null,                -- running | paused | quarantine | not started | silent | unknown
    reason varchar,
    since timestamptz not null,
    checked_at timestamptz not null,
    resumed_at timestamptz,                -- when it was seen to run again after it did not
    until timestamptz                      -- of a silent job: when uploading tries it again
);

-- === delivery/, outcomes

-- one row: what the provisioning log says became of one operation
create table outcomes (
    plan_no integer not null,
    request_no integer not null,
    op_no integer not null,
    person_number varchar not null,
    outcome varchar not null,              -- succeeded | failed | skipped
    action varchar not null,
    reference varchar,                     -- unresolved | resolved: what became of the manager
    error_code varchar,
    reason varchar,
    advice varchar,
    log_id varchar not null,
    change_id varchar,
    logged_at timestamptz not null,
    failure_class varchar                  -- retry later | needs data | needs configuration
);

-- one row: one value that a worker no longer has and that stays in the target, for no null that was sent for it clears it. None of
-- an account that the service could not make, as far as the log tells
create view stale_values as
    with accounts as (
        select manifest.target, outcome.person_number, bool_or(outcome.outcome = 'succeeded' or outcome.action in ('update', 'disable')
            or (outcome.outcome = 'skipped' and outcome.failure_class is null)) as made
        from outcomes outcome join manifests manifest using (plan_no)
        where outcome.person_number in (select person_number from clearings where closed_at is null)
        group by all)
    select clearing.target, clearing.person_number, clearing.attribute, clearing."value", clearing.cleared_at, clearing.sent_at,
        clearing.plan_no, clearing.request_no, clearing.op_no, coalesce(flow.flow = 'flows', false) as clearable
    from clearings clearing
    left join null_flows flow on flow.target = clearing.target and flow.attribute = clearing.attribute
    left join accounts account on account.target = clearing.target and account.person_number = clearing.person_number
    where clearing.closed_at is null and coalesce(account.made, true)
        and (flow.flow is null or flow.flow = 'stays' or (flow.flow = 'flows' and flow.since > clearing.sent_at));

-- one row: one accepted operation that the log did not speak of in time; it may have since
create table missing_operations (
    plan_no integer not null,
    request_no integer not null,
    op_no integer not null,
    person_number varchar not null,
    noticed_at timestamptz not null        -- on the service's clock
);

-- one row: one worker whose last delivered version is not in the target as it should be
create table failures (
    target varchar not null,
    person_number varchar not null,
    plan_no integer not null,
    request_no integer not null,
    op_no integer not null,
    state varchar not null,                -- failed | skipped | missing | unresolved
    error_code varchar,
    failure_class varchar not null,        -- retry later | needs data | needs configuration | needs its manager
    mend varchar not null,
    attempts integer not null,             -- of this version of the worker
    since timestamptz not null,
    next_try_at timestamptz,               -- null: not by itself
    contract varchar                       -- sha256 of the profile then: another one sends it again
);

-- one row: what a person said about failures: send again
create table retry_decisions (
    target varchar not null,
    person_number varchar,                 -- null: everybody
    decided_by varchar not null,
    decided_at timestamptz not null,
    how varchar not null                   -- cli | ui | proxy
);

-- one row: what one rule last found of one extract, business date, plan or manifest
create table verdicts (
    kind varchar not null,                 -- completeness | quarantine | directory | container | limit | canary | first load
    "rule" varchar not null,               -- its name within the kind
    subject varchar not null,              -- sha256 of an extract, a business date, a manifest's id
    tripped boolean not null,
    sentence varchar not null,             -- what was found; may hold a value of a cohort
    effect varchar not null,               -- hold: what was counted waits; stop: nothing of the subject goes on
    released_by varchar,                   -- the command that lets it go on
    figures json not null,                 -- the rule's own numbers
    judged_at timestamptz not null
);

-- one row: one operation and all that is known of it
create view receipts as
    select manifest.manifest_id, manifest.business_date, manifest.target, operation.request_no, operation.op_no,
        operation.person_number, operation.kind,
        case when outcome.outcome is not null then outcome.outcome
            when accepted.accepted_at is not null and missing.noticed_at is not null then 'missing'
            when last_settled.plan_no > operation.plan_no then if(accepted.accepted_at is not null, 'overtaken', 'superseded')
            when accepted.accepted_at is not null then 'accepted'
            when sent.state = 'refused' then 'failed'
            when sent.state = 'sent' then 'sent'
            when journaled.state in ('held', 'rejected', 'superseded') then journaled.state
            else 'planned' end as state,
        accepted.accepted_at, outcome.action, outcome.reference,
        coalesce(outcome.error_code, if(accepted.accepted_at is null and sent.state = 'refused', 'RequestRefused', null))
            as error_code,
        outcome.failure_class, coalesce(outcome.reason, if(accepted.accepted_at is null, sent.error, null)) as reason,
        outcome.advice, failure.mend, failure.attempts, failure.next_try_at, outcome.log_id, outcome.logged_at
    from operations operation join manifests manifest using (plan_no)
    left join manifest_states journaled using (manifest_id)
    left join accepted_requests accepted using (plan_no, request_no)
    left join sent_requests sent using (plan_no, request_no)
    left join outcomes outcome using (plan_no, request_no, op_no)
    left join missing_operations missing using (plan_no, request_no, op_no)
    left join failures failure on failure.target = manifest.target and failure.plan_no = operation.plan_no
        and failure.request_no = operation.request_no and failure.op_no = operation.op_no
    left join (select settled_in.target, settled.person_number, max(settled.plan_no) as plan_no
        from outcomes settled join manifests settled_in using (plan_no) group by all) last_settled
        on last_settled.target = manifest.target and last_settled.person_number = operation.person_number;

-- one row: one decision that the delivery journal alone keeps: a canary that a manifest goes on past, a history that is accepted
create table journal_decisions (
    about varchar not null,                -- canary | history
    subject varchar not null,              -- the manifest's id; the target
    decision varchar not null,             -- released | accept-history | first | adopt-target
    decided_by varchar not null,
    decided_at timestamptz not null,
    how varchar not null,                  -- cli | ui | proxy
    why varchar
);

-- one row: one decision that a person gave, whatever it was about
create view decisions as
    select decided_at, 'manifest' as about, manifest_id as subject, decision, decided_by, how, why from manifest_decisions
    union all
    select decided_at, 'extract', sha256, decision, decided_by, how, why from extract_decisions join extracts using (extract_id)
    union all
    select decided_at, about, person_number, coalesce('account ' || account, 'same as ' || same_as, 'new'), decided_by, how, null
    from identity_decisions
    union all
    select decided_at, 'first load', person_number, 'as it is: ' || reason, decided_by, how, why from first_load_decisions
    union all
    select decided_at, 'spelling', person_number, part || ' ' || spelling, decided_by, how, null from spelling_decisions
    union all
    select decided_at, 'failure', coalesce(person_number, 'everybody'), 'retry', decided_by, how, null from retry_decisions
    union all
    select requested_at, 'manifest', manifest_id, 'undo', requested_by, how, null from undos
    union all
    select decided_at, 'stale value', coalesce(person_number, 'everybody'), 'cleared by hand', decided_by, how, why from clearing_decisions
    union all
    select decided_at, about, subject, decision, decided_by, how, why from journal_decisions;

-- one row: one exit that is not carried out, and why; person_number is null of a row that does not say whose it is. That of a
-- manifest counts while the manifest is held
create view waiting_exits as
    select distinct 'held back' as reason, null as target, null as manifest_id, person_number from held_back where exit_may_wait
    union all
    select distinct 'stopped', null, null, person_number from stopped_exits
    union all
    select 'held', manifest.target, manifest.manifest_id, operation.person_number
    from operations operation join manifests manifest using (plan_no)
    where operation.kind = 'disable' and manifest.held_for is not null
    union all
    select 'failed', failure.target, null, failure.person_number
    from failures failure join operations operation using (plan_no, request_no, op_no) where operation.kind = 'disable'
    union all
    select 'withheld', withheld.target, null, withheld.person_number
    from withheld withheld join worker_versions worker
        on worker.person_number = withheld.person_number and worker.valid_to is null
    where worker.life_stage not in ('active', 'on_leave', 'grace', 'prehire', 'future');
