"""Use cases: what people and machines do with the pipeline, each put together once, for both shells.

Land, follow the feeds of Oracle HCM, process, plan, decide, apply, read outcomes, read a directory, look at alerts and tell them;
and the views: status, trace, outlook (what would be sent), what holds, receipts. This room decides the order of the steps and what
belongs into one transaction; it decides nothing of workers, names, plans or targets itself. `cli` parses and prints, `defs` wraps
and yields, and neither puts steps together.

A name is loaded when it is asked for: the parts bring DuckDB, an HTTP client and more, and a command that only prints its help
needs none of them. So shells write `from hcm_pipeline import flow`, and `flow.plan(...)` where they need it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hcm_pipeline.flow.alerting import Alert as Alert
    from hcm_pipeline.flow.alerting import AlertKind as AlertKind
    from hcm_pipeline.flow.alerting import Dispatched as Dispatched
    from hcm_pipeline.flow.alerting import Tested as Tested
    from hcm_pipeline.flow.alerting import look as look
    from hcm_pipeline.flow.alerting import receivers as receivers
    from hcm_pipeline.flow.alerting import require_receivers as require_receivers
    from hcm_pipeline.flow.alerting import send_test as send_test
    from hcm_pipeline.flow.alerting import something_to_tell as something_to_tell
    from hcm_pipeline.flow.alerting import tell_receivers as tell_receivers
    from hcm_pipeline.flow.applying import HistoryStop as HistoryStop
    from hcm_pipeline.flow.applying import HistoryWord as HistoryWord
    from hcm_pipeline.flow.applying import PersonsWord as PersonsWord
    from hcm_pipeline.flow.applying import Ready as Ready
    from hcm_pipeline.flow.applying import UploadReport as UploadReport
    from hcm_pipeline.flow.applying import Uploads as Uploads
    from hcm_pipeline.flow.applying import may_go_out as may_go_out
    from hcm_pipeline.flow.applying import ready_manifests as ready_manifests
    from hcm_pipeline.flow.applying import upload as upload
    from hcm_pipeline.flow.arrivals import Arrivals as Arrivals
    from hcm_pipeline.flow.arrivals import find_arrivals as find_arrivals
    from hcm_pipeline.flow.comparing import AccountFacts as AccountFacts
    from hcm_pipeline.flow.comparing import MatchRow as MatchRow
    from hcm_pipeline.flow.comparing import Orphan as Orphan
    from hcm_pipeline.flow.confirming import Intent as Intent
    from hcm_pipeline.flow.confirming import extract_intent as extract_intent
    from hcm_pipeline.flow.confirming import manifest_intent as manifest_intent
    from hcm_pipeline.flow.deciding import Cleared as Cleared
    from hcm_pipeline.flow.deciding import IdentityDecided as IdentityDecided
    from hcm_pipeline.flow.deciding import IdentityDecision as IdentityDecision
    from hcm_pipeline.flow.deciding import JournaledManifest as JournaledManifest
    from hcm_pipeline.flow.deciding import approve as approve
    from hcm_pipeline.flow.deciding import cleared_values as cleared_values
    from hcm_pipeline.flow.deciding import decide_extract as decide_extract
    from hcm_pipeline.flow.deciding import decide_identity as decide_identity
    from hcm_pipeline.flow.deciding import reject as reject
    from hcm_pipeline.flow.deciding import retry as retry
    from hcm_pipeline.flow.deciding import stale_meant as stale_meant
    from hcm_pipeline.flow.deciding import system_user as system_user
    from hcm_pipeline.flow.directories import DirectoriesRead as DirectoriesRead
    from hcm_pipeline.flow.directories import Read as Read
    from hcm_pipeline.flow.directories import Wish as Wish
    from hcm_pipeline.flow.directories import directory_for_file as directory_for_file
    from hcm_pipeline.flow.directories import max_age_hours as max_age_hours
    from hcm_pipeline.flow.directories import read_directories as read_directories
    from hcm_pipeline.flow.directories import read_directory as read_directory
    from hcm_pipeline.flow.examining import DagsterState as DagsterState
    from hcm_pipeline.flow.examining import Diagnosis as Diagnosis
    from hcm_pipeline.flow.examining import Finding as Finding
    from hcm_pipeline.flow.examining import Heartbeat as Heartbeat
    from hcm_pipeline.flow.examining import NoInstance as NoInstance
    from hcm_pipeline.flow.examining import Outcome as Outcome
    from hcm_pipeline.flow.examining import check_names as check_names
    from hcm_pipeline.flow.examining import check_names_of_a_target as check_names_of_a_target
    from hcm_pipeline.flow.examining import diagnose as diagnose
    from hcm_pipeline.flow.examining import examined as examined
    from hcm_pipeline.flow.examining import read_only as read_only
    from hcm_pipeline.flow.feed_listener import listener as listener
    from hcm_pipeline.flow.feed_listener import token_file as token_file
    from hcm_pipeline.flow.feeding import Drained as Drained
    from hcm_pipeline.flow.feeding import drain as drain
    from hcm_pipeline.flow.feeding import oracle_section as oracle_section
    from hcm_pipeline.flow.feeding import replay as replay
    from hcm_pipeline.flow.fetching import PlaceStatus as PlaceStatus
    from hcm_pipeline.flow.filled_sheets import filled_worksheets as filled_worksheets
    from hcm_pipeline.flow.filled_sheets import read_sample as read_sample
    from hcm_pipeline.flow.filled_sheets import worksheet_values as worksheet_values
    from hcm_pipeline.flow.go_live_decisions import ListEntered as ListEntered
    from hcm_pipeline.flow.go_live_decisions import LiveDecided as LiveDecided
    from hcm_pipeline.flow.go_live_decisions import decide_match as decide_match
    from hcm_pipeline.flow.go_live_decisions import decides_about as decides_about
    from hcm_pipeline.flow.go_live_decisions import enter_list as enter_list
    from hcm_pipeline.flow.go_live_decisions import send_as_is as send_as_is
    from hcm_pipeline.flow.going_live import Initial as Initial
    from hcm_pipeline.flow.going_live import LiveWish as LiveWish
    from hcm_pipeline.flow.going_live import initial as initial
    from hcm_pipeline.flow.hybrid_guide import guide_html as guide_html
    from hcm_pipeline.flow.hybrid_guide import guide_markdown as guide_markdown
    from hcm_pipeline.flow.hybrid_guide import guide_of as guide_of
    from hcm_pipeline.flow.initial_files import write_initial_page as write_initial_page
    from hcm_pipeline.flow.initial_files import write_matches as write_matches
    from hcm_pipeline.flow.initial_files import write_stamps as write_stamps
    from hcm_pipeline.flow.installation import Clock as Clock
    from hcm_pipeline.flow.installation import Installation as Installation
    from hcm_pipeline.flow.installation import Progress as Progress
    from hcm_pipeline.flow.installation import each as each
    from hcm_pipeline.flow.installation import quiet as quiet
    from hcm_pipeline.flow.installation import reads_kept as reads_kept
    from hcm_pipeline.flow.installation import utc_now as utc_now
    from hcm_pipeline.flow.landing import DAYS_AHEAD as DAYS_AHEAD
    from hcm_pipeline.flow.landing import Landed as Landed
    from hcm_pipeline.flow.landing import failures_of as failures_of
    from hcm_pipeline.flow.landing import first_business_date as first_business_date
    from hcm_pipeline.flow.landing import land as land
    from hcm_pipeline.flow.landing import land_all as land_all
    from hcm_pipeline.flow.landing import waiting as waiting
    from hcm_pipeline.flow.ledger_files import export_file as export_file
    from hcm_pipeline.flow.ledger_files import export_to as export_to
    from hcm_pipeline.flow.ledger_files import import_file as import_file
    from hcm_pipeline.flow.mending_links import Severing as Severing
    from hcm_pipeline.flow.mending_links import WrongLink as WrongLink
    from hcm_pipeline.flow.mending_links import WrongLinks as WrongLinks
    from hcm_pipeline.flow.mending_links import number_command as number_command
    from hcm_pipeline.flow.mending_links import plan_severing as plan_severing
    from hcm_pipeline.flow.mending_links import sever as sever
    from hcm_pipeline.flow.mending_links import wrong_links as wrong_links
    from hcm_pipeline.flow.outcome_reading import OutcomeReport as OutcomeReport
    from hcm_pipeline.flow.outcome_reading import WorthReading as WorthReading
    from hcm_pipeline.flow.outcome_reading import job_warning as job_warning
    from hcm_pipeline.flow.outcome_reading import read_outcomes as read_outcomes
    from hcm_pipeline.flow.outcome_reading import worth_reading as worth_reading
    from hcm_pipeline.flow.pages.company_page import write_company as write_company
    from hcm_pipeline.flow.pages.guards_page import write_guards as write_guards
    from hcm_pipeline.flow.pages.now_page import write_now as write_now
    from hcm_pipeline.flow.pages.quota_page import write_quota as write_quota
    from hcm_pipeline.flow.pages.worker_page import write_worker as write_worker
    from hcm_pipeline.flow.plans import Manifest as Manifest
    from hcm_pipeline.flow.plans import Plan as Plan
    from hcm_pipeline.flow.plans import PlanAgain as PlanAgain
    from hcm_pipeline.flow.plans import manifest_folder as manifest_folder
    from hcm_pipeline.flow.plans import nothing_goes_on as nothing_goes_on
    from hcm_pipeline.flow.plans import operation_kinds as operation_kinds
    from hcm_pipeline.flow.plans import operations_sentence as operations_sentence
    from hcm_pipeline.flow.plans import plan as plan
    from hcm_pipeline.flow.plans import plan_again as plan_again
    from hcm_pipeline.flow.plans import tripped_sentences as tripped_sentences
    from hcm_pipeline.flow.plans import undo_manifest as undo_manifest
    from hcm_pipeline.flow.plans import verify_files as verify_files
    from hcm_pipeline.flow.processing import Audit as Audit
    from hcm_pipeline.flow.processing import DayCounts as DayCounts
    from hcm_pipeline.flow.processing import audit as audit
    from hcm_pipeline.flow.processing import pending_days as pending_days
    from hcm_pipeline.flow.processing import process as process
    from hcm_pipeline.flow.processing import process_audited as process_audited
    from hcm_pipeline.flow.processing import require_dates as require_dates
    from hcm_pipeline.flow.profiles import CHANGE_KINDS as CHANGE_KINDS
    from hcm_pipeline.flow.profiles import IDENTITY_COLUMNS as IDENTITY_COLUMNS
    from hcm_pipeline.flow.profiles import MappedAttribute as MappedAttribute
    from hcm_pipeline.flow.profiles import blanks_of as blanks_of
    from hcm_pipeline.flow.profiles import built_in_text as built_in_text
    from hcm_pipeline.flow.profiles import column_meanings as column_meanings
    from hcm_pipeline.flow.profiles import field_columns as field_columns
    from hcm_pipeline.flow.profiles import load_profile as load_profile
    from hcm_pipeline.flow.profiles import mapped_attributes as mapped_attributes
    from hcm_pipeline.flow.profiles import name_parts as name_parts
    from hcm_pipeline.flow.profiles import parse_profile as parse_profile
    from hcm_pipeline.flow.profiles import target_sentences as target_sentences
    from hcm_pipeline.flow.profiles import worker_columns as worker_columns
    from hcm_pipeline.flow.proposing import ProposedProfile as ProposedProfile
    from hcm_pipeline.flow.proposing import propose_profile as propose_profile
    from hcm_pipeline.flow.proposing import write_proposal as write_proposal
    from hcm_pipeline.flow.quota import QuotaOutlook as QuotaOutlook
    from hcm_pipeline.flow.quota import quota_outlook as quota_outlook
    from hcm_pipeline.flow.rehearsing import MarkCount as MarkCount
    from hcm_pipeline.flow.rehearsing import RehearsedPlan as RehearsedPlan
    from hcm_pipeline.flow.rehearsing import rehearse as rehearse
    from hcm_pipeline.flow.rehearsing import write_rehearsal as write_rehearsal
    from hcm_pipeline.flow.sending_progress import sending as sending
    from hcm_pipeline.flow.setting_up import SetUp as SetUp
    from hcm_pipeline.flow.setting_up import Step as Step
    from hcm_pipeline.flow.setting_up import StepState as StepState
    from hcm_pipeline.flow.setting_up import Wishes as Wishes
    from hcm_pipeline.flow.setting_up import set_up as set_up
    from hcm_pipeline.flow.setting_up import to_set_up as to_set_up
    from hcm_pipeline.flow.sign_off import write_page as write_page
    from hcm_pipeline.flow.sign_off import write_stale_values as write_stale_values
    from hcm_pipeline.flow.sign_off import write_table as write_table
    from hcm_pipeline.flow.target_schema import Approval as Approval
    from hcm_pipeline.flow.target_schema import Aside as Aside
    from hcm_pipeline.flow.target_schema import SchemaChange as SchemaChange
    from hcm_pipeline.flow.target_schema import SchemaDifferences as SchemaDifferences
    from hcm_pipeline.flow.target_schema import SchemaFinding as SchemaFinding
    from hcm_pipeline.flow.target_schema import apply_schema as apply_schema
    from hcm_pipeline.flow.target_schema import check_schema as check_schema
    from hcm_pipeline.flow.target_schema import export_schema as export_schema
    from hcm_pipeline.flow.target_schema import restore_schema as restore_schema
    from hcm_pipeline.flow.target_schema import schema_differences as schema_differences
    from hcm_pipeline.flow.target_schema import wanted_schema as wanted_schema
    from hcm_pipeline.flow.unfinished import FailedWork as FailedWork
    from hcm_pipeline.flow.unfinished import failed_work as failed_work
    from hcm_pipeline.flow.unfinished import keep_failed_work as keep_failed_work
    from hcm_pipeline.flow.verdict_table import loggable as loggable
    from hcm_pipeline.flow.verdict_table import plan_verdicts as plan_verdicts
    from hcm_pipeline.flow.views.clearing import Clearing as Clearing
    from hcm_pipeline.flow.views.clearing import StaleCount as StaleCount
    from hcm_pipeline.flow.views.clearing import clearing_sentences as clearing_sentences
    from hcm_pipeline.flow.views.coming import Forecast as Forecast
    from hcm_pipeline.flow.views.coming import forecast as forecast
    from hcm_pipeline.flow.views.days import Day as Day
    from hcm_pipeline.flow.views.days import DayWithReasons as DayWithReasons
    from hcm_pipeline.flow.views.days import QuarantineReason as QuarantineReason
    from hcm_pipeline.flow.views.days import days_between as days_between
    from hcm_pipeline.flow.views.days import now_held_back as now_held_back
    from hcm_pipeline.flow.views.days import recent_days as recent_days
    from hcm_pipeline.flow.views.difference import Outlook as Outlook
    from hcm_pipeline.flow.views.difference import WorkerDifference as WorkerDifference
    from hcm_pipeline.flow.views.difference import outlook as outlook
    from hcm_pipeline.flow.views.difference import worker_difference as worker_difference
    from hcm_pipeline.flow.views.extracts import Extract as Extract
    from hcm_pipeline.flow.views.extracts import ExtractStory as ExtractStory
    from hcm_pipeline.flow.views.extracts import RunExtract as RunExtract
    from hcm_pipeline.flow.views.extracts import extract_stories as extract_stories
    from hcm_pipeline.flow.views.extracts import extracts_of as extracts_of
    from hcm_pipeline.flow.views.extracts import left_out as left_out
    from hcm_pipeline.flow.views.extracts import stopped_extracts as stopped_extracts
    from hcm_pipeline.flow.views.extracts import taken_digests as taken_digests
    from hcm_pipeline.flow.views.feeds import FeedStatus as FeedStatus
    from hcm_pipeline.flow.views.feeds import feed_status as feed_status
    from hcm_pipeline.flow.views.held_back import HeldBack as HeldBack
    from hcm_pipeline.flow.views.held_back import HeldCells as HeldCells
    from hcm_pipeline.flow.views.identities import IdentityStory as IdentityStory
    from hcm_pipeline.flow.views.identities import LedgerEntry as LedgerEntry
    from hcm_pipeline.flow.views.identities import Reviews as Reviews
    from hcm_pipeline.flow.views.identities import SpelledPart as SpelledPart
    from hcm_pipeline.flow.views.identities import Tried as Tried
    from hcm_pipeline.flow.views.identities import capacity as capacity
    from hcm_pipeline.flow.views.identities import identity_story as identity_story
    from hcm_pipeline.flow.views.identities import reviews as reviews
    from hcm_pipeline.flow.views.lineage import ManifestExtract as ManifestExtract
    from hcm_pipeline.flow.views.lineage import extracts_of_manifests as extracts_of_manifests
    from hcm_pipeline.flow.views.manifests import OpenManifests as OpenManifests
    from hcm_pipeline.flow.views.manifests import SealedManifest as SealedManifest
    from hcm_pipeline.flow.views.manifests import WaitingManifest as WaitingManifest
    from hcm_pipeline.flow.views.manifests import accepted_requests as accepted_requests
    from hcm_pipeline.flow.views.manifests import manifest_id as manifest_id
    from hcm_pipeline.flow.views.manifests import manifests_of as manifests_of
    from hcm_pipeline.flow.views.manifests import open_manifests as open_manifests
    from hcm_pipeline.flow.views.manifests import targets_by_manifest as targets_by_manifest
    from hcm_pipeline.flow.views.people import AttributeDifference as AttributeDifference
    from hcm_pipeline.flow.views.people import Person as Person
    from hcm_pipeline.flow.views.receipts import Failure as Failure
    from hcm_pipeline.flow.views.receipts import Job as Job
    from hcm_pipeline.flow.views.receipts import ManifestOutcomes as ManifestOutcomes
    from hcm_pipeline.flow.views.receipts import Outcomes as Outcomes
    from hcm_pipeline.flow.views.receipts import Receipts as Receipts
    from hcm_pipeline.flow.views.receipts import newest_outcomes as newest_outcomes
    from hcm_pipeline.flow.views.receipts import outcomes as outcomes
    from hcm_pipeline.flow.views.status import Status as Status
    from hcm_pipeline.flow.views.status import holding as holding
    from hcm_pipeline.flow.views.status import status as status
    from hcm_pipeline.flow.views.status import unsure_sentences as unsure_sentences
    from hcm_pipeline.flow.views.target_findings import MEANWHILE as MEANWHILE
    from hcm_pipeline.flow.views.target_findings import TargetFindings as TargetFindings
    from hcm_pipeline.flow.views.trace import FieldValue as FieldValue
    from hcm_pipeline.flow.views.trace import Story as Story
    from hcm_pipeline.flow.views.trace import Version as Version
    from hcm_pipeline.flow.views.trace import trace as trace
    from hcm_pipeline.flow.views.written_over import WrittenOver as WrittenOver
    from hcm_pipeline.flow.workflow_report import WorkflowReport as WorkflowReport
    from hcm_pipeline.flow.workflow_report import workflows as workflows
    from hcm_pipeline.flow.worksheet_files import BY_ENDING as BY_ENDING
    from hcm_pipeline.flow.worksheet_files import FORMATS as FORMATS
    from hcm_pipeline.flow.worksheet_files import write_text as write_text
    from hcm_pipeline.flow.worksheet_files import written as written
    from hcm_pipeline.flow.writing_back import AppliedBack as AppliedBack
    from hcm_pipeline.flow.writing_back import ChangeBack as ChangeBack
    from hcm_pipeline.flow.writing_back import ManifestBack as ManifestBack
    from hcm_pipeline.flow.writing_back import PlanBack as PlanBack
    from hcm_pipeline.flow.writing_back import ReadyBack as ReadyBack
    from hcm_pipeline.flow.writing_back import apply_writeback as apply_writeback
    from hcm_pipeline.flow.writing_back import plan_writeback as plan_writeback
    from hcm_pipeline.flow.writing_back import ready_writeback as ready_writeback

_MODULES = {
    "alerting": (
        "Alert",
        "AlertKind",
        "Tested",
        "Dispatched",
        "look",
        "receivers",
        "require_receivers",
        "send_test",
        "something_to_tell",
        "tell_receivers",
    ),
    "applying": (
        "HistoryStop",
        "HistoryWord",
        "PersonsWord",
        "Ready",
        "UploadReport",
        "Uploads",
        "may_go_out",
        "ready_manifests",
        "upload",
    ),
    "arrivals": ("Arrivals", "find_arrivals"),
    "comparing": ("AccountFacts", "MatchRow", "Orphan"),
    "going_live": ("Initial", "LiveWish", "initial"),
    "go_live_decisions": ("LiveDecided", "ListEntered", "decide_match", "decides_about", "enter_list", "send_as_is"),
    "initial_files": ("write_initial_page", "write_matches", "write_stamps"),
    "workflow_report": ("WorkflowReport", "workflows"),
    "mending_links": ("Severing", "WrongLink", "WrongLinks", "number_command", "plan_severing", "sever", "wrong_links"),
    "confirming": ("Intent", "extract_intent", "manifest_intent"),
    "deciding": (
        "Cleared",
        "IdentityDecided",
        "IdentityDecision",
        "JournaledManifest",
        "approve",
        "cleared_values",
        "decide_extract",
        "decide_identity",
        "reject",
        "retry",
        "stale_meant",
        "system_user",
    ),
    "directories": (
        "DirectoriesRead",
        "Read",
        "Wish",
        "directory_for_file",
        "max_age_hours",
        "read_directories",
        "read_directory",
    ),
    "examining": (
        "DagsterState",
        "Diagnosis",
        "Finding",
        "Heartbeat",
        "NoInstance",
        "Outcome",
        "check_names",
        "check_names_of_a_target",
        "diagnose",
        "examined",
        "read_only",
    ),
    "feed_listener": ("listener", "token_file"),
    "feeding": ("Drained", "drain", "oracle_section", "replay"),
    "verdict_table": ("loggable", "plan_verdicts"),
    "installation": ("Clock", "Installation", "Progress", "each", "quiet", "reads_kept", "utc_now"),
    "fetching": ("PlaceStatus",),
    "landing": ("DAYS_AHEAD", "Landed", "failures_of", "first_business_date", "land", "land_all", "waiting"),
    "ledger_files": ("export_file", "export_to", "import_file"),
    "outcome_reading": ("OutcomeReport", "WorthReading", "job_warning", "read_outcomes", "worth_reading"),
    "plans": (
        "Manifest",
        "Plan",
        "PlanAgain",
        "manifest_folder",
        "nothing_goes_on",
        "operation_kinds",
        "operations_sentence",
        "plan",
        "plan_again",
        "tripped_sentences",
        "undo_manifest",
        "verify_files",
    ),
    "pages.company_page": ("write_company",),
    "pages.guards_page": ("write_guards",),
    "pages.now_page": ("write_now",),
    "pages.quota_page": ("write_quota",),
    "pages.worker_page": ("write_worker",),
    "sending_progress": ("sending",),
    "processing": ("Audit", "DayCounts", "audit", "pending_days", "process", "process_audited", "require_dates"),
    "profiles": (
        "CHANGE_KINDS",
        "IDENTITY_COLUMNS",
        "MappedAttribute",
        "blanks_of",
        "built_in_text",
        "column_meanings",
        "field_columns",
        "load_profile",
        "mapped_attributes",
        "name_parts",
        "parse_profile",
        "target_sentences",
        "worker_columns",
    ),
    "hybrid_guide": ("guide_html", "guide_markdown", "guide_of"),
    "proposing": ("ProposedProfile", "propose_profile", "write_proposal"),
    "quota": ("QuotaOutlook", "quota_outlook"),
    "unfinished": ("FailedWork", "failed_work", "keep_failed_work"),
    "setting_up": ("SetUp", "Step", "StepState", "Wishes", "set_up", "to_set_up"),
    "rehearsing": ("MarkCount", "RehearsedPlan", "rehearse", "write_rehearsal"),
    "sign_off": ("write_page", "write_stale_values", "write_table"),
    "target_schema": (
        "Approval",
        "Aside",
        "SchemaChange",
        "SchemaDifferences",
        "SchemaFinding",
        "apply_schema",
        "check_schema",
        "export_schema",
        "restore_schema",
        "schema_differences",
        "wanted_schema",
    ),
    "views.clearing": ("Clearing", "StaleCount", "clearing_sentences"),
    "views.coming": ("Forecast", "forecast"),
    "views.days": ("Day", "DayWithReasons", "QuarantineReason", "days_between", "now_held_back", "recent_days"),
    "views.difference": ("Outlook", "WorkerDifference", "outlook", "worker_difference"),
    "views.extracts": (
        "Extract",
        "ExtractStory",
        "RunExtract",
        "extract_stories",
        "extracts_of",
        "left_out",
        "stopped_extracts",
        "taken_digests",
    ),
    "views.feeds": ("FeedStatus", "feed_status"),
    "views.held_back": ("HeldBack", "HeldCells"),
    "views.target_findings": ("MEANWHILE", "TargetFindings"),
    "views.identities": (
        "IdentityStory",
        "LedgerEntry",
        "Reviews",
        "SpelledPart",
        "Tried",
        "capacity",
        "identity_story",
        "reviews",
    ),
    "views.lineage": ("ManifestExtract", "extracts_of_manifests"),
    "views.manifests": (
        "OpenManifests",
        "SealedManifest",
        "WaitingManifest",
        "accepted_requests",
        "manifest_id",
        "manifests_of",
        "open_manifests",
        "targets_by_manifest",
    ),
    "views.people": ("AttributeDifference", "Person"),
    "views.written_over": ("WrittenOver",),
    "views.receipts": ("Failure", "Job", "ManifestOutcomes", "Outcomes", "Receipts", "newest_outcomes", "outcomes"),
    "views.status": ("Status", "holding", "status", "unsure_sentences"),
    "views.trace": ("FieldValue", "Story", "Version", "trace"),
    "worksheet_files": ("BY_ENDING", "FORMATS", "write_text", "written"),
    "filled_sheets": ("filled_worksheets", "read_sample", "worksheet_values"),
    "writing_back": (
        "AppliedBack",
        "ChangeBack",
        "ManifestBack",
        "PlanBack",
        "ReadyBack",
        "apply_writeback",
        "plan_writeback",
        "ready_writeback",
    ),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}
__all__ = sorted(_HOME)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load a name's module when the name is first asked for."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = found
        return found
