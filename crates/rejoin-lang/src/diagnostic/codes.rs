//! The one registry of diagnostic codes. A code is never reused; each has a page in `docs/diagnostics/`.
//!
//! `E00xx` syntax · `E01xx` names and joins · `E02xx` embedded programs and arguments · `E03xx` routes and
//! configuration · `N` and `W` with the same hundreds for notes and warnings.

use std::fmt;

use super::Severity;

/// A stable code, such as `E0101`.
#[derive(Clone, Copy)]
pub struct Code(&'static CodeInfo);

#[derive(Debug)]
struct CodeInfo {
    id: &'static str,
    title: &'static str,
    severity: Severity,
    proven: bool,
}

impl Code {
    /// The code as people quote it.
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// What it means, in a few words.
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// How much a problem with this code matters.
    pub fn severity(self) -> Severity {
        self.0.severity
    }

    /// The code that the language reference of `.cov` gives to the same problem.
    pub fn reference(self) -> Option<&'static str> {
        REFERENCES.iter().find(|(code, _)| *code == self).map(|(_, reference)| *reference)
    }

    /// Whether a program without this problem cannot fail at run time for this reason.
    pub fn is_proven(self) -> bool {
        self.0.proven
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Code {}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}

const REFERENCES: &[(Code, &str)] = &[
    (Code::COV_UNEXPECTED, "E-PARSE-001"),
    (Code::COV_MISSING, "E-PARSE-002"),
    (Code::COV_ORDER, "E-PARSE-003"),
    (Code::COV_UNCLOSED, "E-PARSE-004"),
    (Code::COV_BAD_VALUE, "E-PARSE-005"),
    (Code::COV_UNKNOWN_WORD, "E-PARSE-006"),
    (Code::COV_INPUTS, "E-PARSE-007"),
    (Code::COV_NO_BRANCH, "E-PARSE-010"),
    (Code::COV_ON_ERROR, "E-PARSE-011"),
    (Code::COV_ON_TIMEOUT, "E-PARSE-012"),
    (Code::COV_DURATION, "E-PARSE-013"),
    (Code::COV_REPEATED, "E-PARSE-014"),
    (Code::COV_DUPLICATE_SNIPPET, "E-SYMBOL-002"),
    (Code::COV_DUPLICATE_ID, "E-SYMBOL-005"),
    (Code::COV_IN_TRANSACTION, "E-CONC-005"),
    (Code::COV_EXTERN_ID, "E-EXTERN-003"),
    (Code::COV_UNKNOWN_NAME, "E-SYMBOL-001"),
    (Code::COV_UNKNOWN_FUNCTION, "E-SYMBOL-001"),
    (Code::COV_ARGUMENTS, "E-TYPE-006"),
    (Code::COV_PURE_EFFECT, "E-EFFECT-001"),
    (Code::COV_EFFECT, "E-EFFECT-002"),
    (Code::COV_FAR_EFFECT, "E-EFFECT-003"),
    (Code::COV_CALL_CYCLE, "E-SYMBOL-003"),
    (Code::COV_EFFECT_PARAMETER, "E-EFFECT-004"),
    (Code::COV_UNKNOWN_REQUIREMENT, "E-REQ-002"),
    (Code::COV_DUPLICATE_REQUIREMENT, "E-REQ-003"),
    (Code::COV_DUPLICATE_TEST, "E-REQ-004"),
    (Code::COV_UNCOVERED_CRITICAL, "E-REQ-001"),
    (Code::COV_UNCOVERED_HIGH, "E-REQ-001"),
    (Code::COV_UNCOVERED, "E-REQ-001"),
    (Code::COV_UNKNOWN_ABSTRACT, "E-EXTERN-001"),
    (Code::COV_NO_IMPLEMENTATION, "E-EXTERN-002"),
    (Code::COV_REBOUND_MUT, "E-CONC-003"),
    (Code::COV_AMBIGUOUS_NAME, "E-SYMBOL-004"),
    (Code::COV_TYPE, "E-TYPE-001"),
    (Code::COV_UNKNOWN_TYPE, "E-TYPE-002"),
    (Code::COV_ALIKE_MEMBERS, "E-TYPE-003"),
    (Code::COV_NOT_EXHAUSTIVE, "E-TYPE-004"),
    (Code::COV_FIELD, "E-TYPE-005"),
    (Code::COV_MEMBER, "E-TYPE-007"),
    (Code::COV_ALIAS_CIRCLE, "E-TYPE-002"),
    (Code::COV_QUERY_TARGET, "E-QUERY-002"),
    (Code::COV_QUERY_SHAPE, "E-QUERY-003"),
    (Code::COV_UNBOUND_PLACEHOLDER, "E-QUERY-020"),
    (Code::COV_UNUSED_PARAMETER, "E-QUERY-021"),
    (Code::COV_NO_RETURNS, "E-QUERY-022"),
    (Code::COV_TABLE_FIELD, "E-TYPE-005"),
    (Code::COV_RELATION_TARGET, "E-REL-001"),
    (Code::COV_QUERY_DIALECT, "W-QUERY-001"),
    (Code::COV_IDLE_PART, "W-CONC-001"),
    (Code::COV_SHADOWED_VIEW, "W-CONC-002"),
    (Code::COV_RETURN_IN_BRANCH, "W-CONC-004"),
    (Code::COV_BOUND_TWICE, "E-SYMBOL-004"),
    (Code::COV_REBOUND_IN_BRANCH, "W-CONC-002"),
    (Code::COV_BEHIND_RETURN, "W-DEAD-002"),
    (Code::COV_NEVER_CALLED, "W-DEAD-003"),
    (Code::COV_UNUSED, "W-DEAD-001"),
    (Code::COV_FILTER_IN_LOOP, "W-PERF-001"),
    (Code::COV_COST, "E-QUERY-001"),
    (Code::COV_BY_POSITION, "R-14"),
    (Code::COV_ESCAPE, "E-PARSE-005"),
];

macro_rules! codes {
    ($($id:ident $name:ident $severity:ident $proven:literal $title:literal;)*) => {
        impl Code {
            $(
                #[doc = concat!("`", stringify!($id), "`: ", $title)]
                pub const $name: Code = Code(&CodeInfo {
                    id: stringify!($id),
                    title: $title,
                    severity: Severity::$severity,
                    proven: $proven,
                });
            )*
        }

        /// Every code, in the order of their numbers.
        pub const CODES: &[Code] = &[$(Code::$name,)*];
    };
}

// id, name, severity, whether proven, title
codes! {
    E0001 UNEXPECTED_TEXT Error true "unexpected text";
    E0002 FILE_TOO_LARGE Error true "file too large";
    E0003 TOO_DEEP Error true "nested too deeply";
    E0004 UNCLOSED_TEXT Error true "text without its closing quote";
    E0005 UNCLOSED_BRACKET Error true "bracket without its partner";
    E0006 MISMATCHED_BRACKET Error true "bracket closed by one of another kind";
    E0007 TRIPLE_BACKTICKS Error true "three backticks around a text";
    E0009 INVALID_NAME Error true "name missing or malformed";
    E0010 UNKNOWN_DECLARATION Error true "unknown kind of declaration";
    E0011 MISSING_EQUALS Error true "declaration without `=`";
    E0012 MISSING_TEXT Error true "text missing or without quotes";
    E0013 UNKNOWN_METHOD Error true "unknown HTTP method";
    E0014 INVALID_PATH Error true "route without a proper path";
    E0015 INVALID_SETTING Error true "malformed setting";
    E0016 TEXT_FOR_STEPS Error true "text where steps are expected";
    E0017 STEP_OUTSIDE Error true "step outside of a declaration";
    E0018 STEP_WITHOUT_ARROW Error true "step without `|>`";
    E0019 ARGS_APART Error true "space between a step and its arguments";
    E0020 EMPTY_ARGUMENT Error true "argument missing";
    E0021 MISSING_COLON Error true "colon missing";
    E0022 TAG_BELOW Error true "tags on a line of their own";
    E0023 TAG_ON_BLOCK Error true "tags where there is no place for them";
    E0024 INVALID_TAG Error true "malformed tag";
    E0025 AMBIGUOUS_CONDITION Error true "condition that can be read in two ways";
    E0026 NUMBER_TOO_LARGE Error true "number too large";
    E0027 IF_WITHOUT_THEN Error true "`if` without `then:`";
    E0028 CONDITION_WITHOUT_STEPS Error true "`if` whose condition is no step";
    E0029 LOOP_WITHOUT_END Error true "`foreach` without `end`";
    E0030 INVALID_SELECTOR Error true "`foreach` without a proper path";
    E0031 EMPTY_BLOCK Error true "block without parts";
    E0032 MISSING_STATUS Error true "branch without a status";
    E0033 INVALID_STATUS Error true "status outside of 200 to 599";
    E0034 STRAY_PART Error true "part of a block that is not open";
    E0035 REPEATED_PART Error true "part of a block written twice";
    E0036 BAD_TEST Error true "malformed test";
    E0051 COV_UNEXPECTED Error true "text that has no place in a `.cov` file";
    E0052 COV_MISSING Error true "part of a block missing";
    E0053 COV_UNCLOSED Error true "block without `end`";
    E0054 COV_BAD_VALUE Error true "malformed value";
    E0055 COV_UNKNOWN_WORD Error true "unknown kind, attribute or operation";
    E0056 COV_INPUTS Error true "wrong number of inputs";
    E0057 COV_NO_BRANCH Error true "`parallel` or `race` without a branch";
    E0058 COV_ON_ERROR Error true "unknown value of `on_error`";
    E0059 COV_ON_TIMEOUT Error true "unknown value of `on_timeout`";
    E0060 COV_DURATION Error true "malformed duration";
    E0061 COV_REPEATED Error true "attribute written twice or too late";
    E0062 COV_DUPLICATE_SNIPPET Error true "two snippets of one id";
    E0063 COV_DUPLICATE_ID Error true "two steps or branches of one id";
    E0064 COV_IN_TRANSACTION Error true "concurrency inside a transaction";
    E0065 COV_EXTERN_ID Error true "`extern` whose id has no dot";
    E0101 UNKNOWN_STEP Error true "unknown step or pipeline";
    E0103 PIPELINE_WITH_TEXT Error true "text for a pipeline";
    E0104 DUPLICATE_PIPELINE Error true "two pipelines of one name";
    E0105 DUPLICATE_VARIABLE Error true "two variables of one name";
    E0106 UNKNOWN_VARIABLE Error true "unknown variable";
    E0107 MODULE_NAME Error true "name of a module that is not imported";
    E0108 BAD_TAG Error true "tag with wrong arguments";
    E0109 ENDLESS_RECURSION Error false "pipelines that call each other without end";
    E0110 EMPTY_JOIN Error true "join without tasks";
    E0111 BAD_JOIN_LIST Error true "malformed list of tasks";
    E0112 UNKNOWN_TASK Error true "join of a task that is not started";
    E0113 JOINED_TWICE Error false "task joined twice";
    E0114 READ_BEFORE_JOIN Error false "task read before it is joined";
    E0115 READ_OF_UNKNOWN_TASK Error false "read of a task that does not exist";
    E0116 DUPLICATE_TASK Error false "two tasks of one name";
    E0117 UNREADABLE_IMPORT Error true "import that cannot be read";
    E0118 DUPLICATE_ALIAS Error true "two imports of one name";
    E0119 CYCLIC_IMPORT Error true "files that import each other";
    E0120 BAD_OPTION Error true "option of a block that does not fit";
    E0121 QUORUM_TOO_LARGE Error true "quorum of more branches than there are";
    E0122 DUPLICATE_BRANCH Error true "two branches of one name";
    E0123 UNKNOWN_FUNCTION Error true "call of a function that no imported file has";
    E0124 FUNCTION_INPUTS Error true "inputs that do not fit the function";
    E0131 UNKNOWN_FIELD Error true "resolver of a field that the schema does not have";
    E0132 DUPLICATE_RESOLVER Error true "two resolvers of one field";
    E0133 LOADER_OUTSIDE Error true "loader outside of a resolver";
    E0134 NO_SCHEMA Error true "GraphQL without a schema";
    E0151 COV_UNKNOWN_NAME Error true "name that nothing has";
    E0152 COV_UNKNOWN_FUNCTION Error true "call of an unknown function";
    E0153 COV_ARGUMENTS Error true "arguments that do not fit the function";
    E0154 COV_PURE_EFFECT Error true "effect of a function that declares none";
    E0155 COV_EFFECT Error true "effect that is not declared";
    E0156 COV_FAR_EFFECT Error true "effect that arrives through other functions";
    E0157 COV_CALL_CYCLE Error false "functions that call each other in a circle";
    E0158 COV_EFFECT_PARAMETER Error false "effect that goes beyond its limits";
    E0159 COV_UNKNOWN_REQUIREMENT Error true "test of an unknown requirement";
    E0160 COV_DUPLICATE_REQUIREMENT Error true "two requirements of one id";
    E0161 COV_DUPLICATE_TEST Error true "two tests of one id";
    E0162 COV_UNCOVERED_CRITICAL Error false "critical requirement without a test";
    E0163 COV_UNKNOWN_ABSTRACT Error true "implementation of an unknown function";
    E0164 COV_NO_IMPLEMENTATION Error true "call of a function without an implementation";
    E0165 COV_REBOUND_MUT Error false "`mut` name bound again in a branch";
    E0166 COV_AMBIGUOUS_NAME Error true "short name of several functions";
    E0171 COV_QUERY_TARGET Error true "unknown database, table or collection";
    E0172 COV_QUERY_SHAPE Error true "something that the place of the data cannot do";
    E0173 COV_UNBOUND_PLACEHOLDER Error true "placeholder without a parameter";
    E0174 COV_UNUSED_PARAMETER Error true "parameter without a placeholder";
    E0175 COV_NO_RETURNS Error true "statement that does not say what it returns";
    E0176 COV_TABLE_FIELD Error true "fields that do not fit the table";
    E0177 COV_RELATION_TARGET Error true "relation that leads nowhere";
    E0181 COV_TYPE Error false "value of the wrong type";
    E0182 COV_ALIKE_MEMBERS Error true "members of a union that cannot be told apart";
    E0183 COV_NOT_EXHAUSTIVE Error false "`match` that leaves something out";
    E0184 COV_FIELD Error false "unknown field of a struct or variant";
    E0185 COV_MEMBER Error false "value that is no member of the declared union";
    E0186 COV_ALIAS_CIRCLE Error true "alias that leads back to itself";
    E0201 BAD_JQ Error true "jq program that does not compile";
    E0202 MISSING_ARGUMENT Error true "step without what it needs";
    E0203 CONTEXT_INLINE Error true "`$context` where it is not known";
    E0210 WRONG_PARAMETERS Error true "wrong number of parameters";
    E0211 REFUSED_SQL Error false "statement that the database refuses";
    E0221 BAD_GRAPHQL Error true "GraphQL schema or document that is not valid";
    E0290 BAD_TEXT Error true "text or arguments that a step refuses";
    E0301 NAMELESS_CAPTURE Error true "capture without a name";
    E0302 REPEATED_CAPTURE Error true "capture written twice";
    E0303 REST_NOT_LAST Error true "capture of the rest before the end";
    E0305 WRONG_SETTING Error false "setting of the wrong kind";
    E0306 PATH_CHARACTER Error true "character that a path cannot have";
    N0051 COV_UNCOVERED Note false "requirement without a test";
    W0051 COV_ORDER Warning false "sections in an unusual order";
    W0052 COV_IDLE_PART Warning false "part of `parallel` or `race` that does nothing";
    W0053 COV_RETURN_IN_BRANCH Warning false "`return` that ends a branch only";
    W0054 COV_SHADOWED_VIEW Warning false "branch that hides a part of the result";
    W0055 COV_UNCOVERED_HIGH Warning false "important requirement without a test";
    W0056 COV_BOUND_TWICE Warning false "name bound twice on one path";
    W0057 COV_REBOUND_IN_BRANCH Warning false "name of outside bound again in a branch";
    W0058 COV_BEHIND_RETURN Warning false "step behind a `return`";
    W0059 COV_NEVER_CALLED Warning false "function that nothing calls";
    W0060 COV_UNKNOWN_TYPE Warning false "type that nothing defines";
    W0061 COV_QUERY_DIALECT Warning false "another dialect than that of the database";
    W0062 COV_UNUSED Warning false "name that nothing reads";
    W0063 COV_FILTER_IN_LOOP Warning false "loop that picks what a query could";
    W0064 COV_COST Warning false "query that costs more than its function says";
    W0065 COV_BY_POSITION Warning true "arguments that are taken by their position";
    W0066 COV_PATTERN Warning true "regular expression that cannot be read";
    W0067 COV_ESCAPE Warning true "unknown escape in a text";
    W0068 COV_NO_INDEX Warning true "index that is not made";
    W0101 UNKNOWN_TAG Warning false "unknown tag";
    W0102 TAG_WITHOUT_EFFECT Warning false "tag without effect";
    W0103 NEVER_JOINED Warning false "task that is never joined";
    W0104 LOST_IN_LOOP Warning false "task of a loop that is not joined in it";
    W0105 UNNOTICED_FAILURE Warning false "task whose failure goes unnoticed";
    W0106 UNUSED_VARIABLE Warning false "unused variable";
    W0107 UNUSED_PIPELINE Warning false "unused pipeline";
    W0108 SHADOWED_DATA Warning false "result that is overwritten unread";
    W0109 UNKNOWN_DATA Warning false "read of a result that nothing puts there";
    W0110 UNMET_MOCK Warning false "mock that stands for nothing";
    W0111 NOT_AVAILABLE Warning false "step that this version does not have";
    W0112 IDLE_TEST Warning false "test that checks nothing";
    W0113 UNKNOWN_PARTIAL Warning false "partial that nothing declares";
    W0131 UNRESOLVED_FIELD Warning false "query or mutation that nothing resolves";
    W0201 UNREACHABLE_BRANCH Warning false "branch that nothing can raise";
    W0202 REPEATED_BRANCH Warning false "branch written twice";
    W0203 UNHANDLED_ERROR Warning false "error that no branch handles";
    W0204 CONSTANT_CONDITION Warning false "condition that is always the same";
    W0205 UNLIMITED_LOOP Warning false "requests in a loop of any length";
    W0206 RETRIED_WRITE Warning false "write that is tried again";
    W0207 TIMEOUT_TOO_LONG Warning false "time-out longer than the request's";
    W0208 IGNORED_ARGUMENT Warning false "argument that is ignored";
    W0209 RACED_WRITE Warning false "write that another branch may cut off";
    W0210 IDLE_OPTION Warning false "option or block without effect";
    W0211 UNREACHABLE_STEP Warning false "step that nothing reaches";
    W0290 IGNORED_TEXT Warning true "part of a text that a step ignores";
    W0301 REPLACED_CONFIG Warning false "block of settings that is replaced";
    W0302 REPLACED_SETTING Warning false "setting that is replaced";
    W0303 UNKNOWN_SETTING Warning false "unknown setting";
    W0304 RESERVED_PATH Warning false "route behind a built-in one";
    W0305 SECRET_IN_TEXT Warning false "secret in the program";
    W0306 DUPLICATE_ROUTE Warning false "two routes for the same requests";
    W0307 REPLACED_DECLARATION Warning false "declaration that is replaced";
    W0390 MISSING_VARIABLE Warning true "environment variable not set";
}
