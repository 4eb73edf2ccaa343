//! `code-injection`: text that is written to be run where it should only be read.

use super::lexicon::{Feature, Lexicon};
use super::prepared::Prepared;
use super::settings::{SettingError, Settings};
use super::whole::{self, Judge, Judgement, SECTION, STREAM};
use super::{Check, Family, Kind};

/// The type.
pub const KIND: Kind = Kind {
    name: "code-injection",
    about: "SQL, shell, script and template injections",
    how: "No rule can decide this for certain: a question about code has code in it. Looks for what injections share and \
          questions rarely have: a quote that closes a query and a condition that is always true, commands chained behind a sign, \
          downloads piped into a shell, script tags and handlers, paths that climb, templates that compute, look-ups of \
          loggers. Each adds to the score.",
    family: Family::Whole,
    scores: true,
    threshold: 0.6,
    settings: &[STREAM, SECTION],
    build,
};

const FEATURES: &[Feature] = &[
    (
        "sql: always true",
        0.8,
        "=' or '1'='1¦' or 1=1¦\" or 1=1¦\" or \"1\"=\"1¦' or 'a'='a¦') or ('1'='1¦' or true--¦or 1=1--¦or 1=1#¦' or ''='¦admin'--¦admin' --¦admin' #¦' and 1=1¦' and '1'='1¦' or 1 --",
    ),
    ("sql: union", 0.75, "=union select¦union all select¦union/**/select¦' union¦union%20select"),
    (
        "sql: second statement",
        0.8,
        "=; drop table¦;drop table¦'; drop¦; delete from¦;delete from¦'; delete¦; truncate table¦'; insert into¦'; update ¦; exec xp_¦;exec ¦; shutdown¦';shutdown¦'; exec",
    ),
    (
        "sql: probing",
        0.7,
        "=information_schema¦xp_cmdshell¦sleep(5)¦sleep(10)¦benchmark(¦waitfor delay¦pg_sleep(¦load_file(¦into outfile¦@@version¦sqlite_master¦extractvalue(¦updatexml(",
    ),
    (
        "shell: chained",
        0.75,
        "=; rm -rf¦;rm -rf¦&& rm -rf¦| rm -rf¦; cat /etc¦; cat /etc/¦| cat /etc¦&& cat /etc¦; wget ¦;wget ¦&& wget ¦; curl ¦;curl ¦&& curl ¦; nc -¦| nc ¦; bash -i¦&& whoami¦; whoami¦| whoami¦;id;¦; id;¦; ls -la¦| ls -la¦& ping -¦; ping -¦| sh -c¦; sudo ¦;reboot¦; reboot¦`id`¦`whoami`¦; chmod 777",
    ),
    (
        "shell: downloaded and run",
        0.8,
        "=| bash¦| sh\n¦|bash¦$(curl¦$(wget¦`curl¦`wget¦curl -s http¦bash -i >&¦/dev/tcp/¦mkfifo /tmp¦nc -e /bin¦python -c 'import socket¦powershell -enc¦powershell -e ¦iex (¦iex(new-object¦invoke-expression¦certutil -urlcache¦-nop -w hidden¦base64 -d | ¦base64 --decode | ¦| sudo bash",
    ),
    ("shell: substitution", 0.6, "=$(whoami)¦$(id)¦$(cat ¦$(rm ¦${ifs}¦$(sleep¦`sleep¦$(ls¦`cat ¦`rm ¦$(uname"),
    (
        "shell: everything gone",
        0.6,
        "=rm -rf /¦rm -rf ~¦rm -rf *¦:(){ :¦mkfs.¦dd if=/dev/zero¦> /dev/sda¦format c:¦del /f /s /q¦--no-preserve-root",
    ),
    (
        "script",
        0.75,
        "=<script>¦<script ¦</script>¦javascript:alert¦javascript:eval¦javascript:fetch¦onerror=¦onload=alert¦onload=fetch¦onmouseover=¦<svg/onload¦<svg onload¦<iframe src¦<img src=x¦document.cookie¦string.fromcharcode¦<body onload¦srcdoc=¦onfocus=alert¦<svg><¦alert(1)¦alert(document",
    ),
    (
        "path",
        0.7,
        "=../../¦..\\..\\¦%2e%2e%2f¦..%2f..%2f¦/etc/passwd¦/etc/shadow¦c:\\windows\\system32¦\\windows\\win.ini¦....//¦%252e%252e¦php://filter¦file:///etc¦php://input¦expect://",
    ),
    (
        "template",
        0.75,
        "={{7*7}}¦${7*7}¦<%= 7*7¦#{7*7}¦{{config¦{{self¦{{request¦__class__¦__mro__¦__subclasses__¦__globals__¦{{''.¦*{7*7}¦${t(java¦{{constructor¦freemarker.template¦{% import¦{%import¦@(1+1)¦{{ ''.¦{{\"\".",
    ),
    ("look-up", 0.85, "=${jndi:¦${${¦jndi:ldap¦jndi:rmi¦${lower:j¦${env:¦${::-j"),
    (
        "code: run a text",
        0.6,
        "=eval(¦exec(¦os.system(¦subprocess.¦__import__(¦runtime.getruntime¦processbuilder(¦shell_exec(¦passthru(¦child_process¦require('child¦popen(¦proc_open(¦function('return¦assert($_¦system($_¦pickle.loads¦yaml.load(¦unserialize(",
    ),
    (
        "ldap, xml, nosql",
        0.7,
        "=*)(uid=¦*)(|(uid=¦<!entity¦<!doctype foo¦system \"file:¦xinclude¦\"$gt\"¦\"$ne\"¦{$ne:¦{$gt:¦[$ne]¦\"$where\"¦'$where¦$where:¦this.password¦|| '1'=='1¦||'1'=='1",
    ),
    ("split responses", 0.6, "=%0d%0a¦\\r\\nset-cookie¦%0aset-cookie¦\\x00.jpg"),
];

struct Code(Lexicon);

fn build(settings: &Settings<'_>) -> Result<Check, SettingError> {
    let lexicon = Lexicon::new(FEATURES.iter().copied()).map_err(|error| SettingError::new("stream", error))?;
    whole::check(settings, Code(lexicon))
}

impl Judge for Code {
    fn judge(&self, text: &Prepared<'_>) -> Judgement {
        let found = self.0.score(text);
        Judgement { score: found.score, why: found.features }
    }
}
