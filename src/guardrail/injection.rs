//! `prompt-injection` and `jailbreak`: words by which a text wants to take the place of the instructions, or to take the model
//! out of its bounds.

use super::lexicon::{Feature, Lexicon};
use super::prepared::Prepared;
use super::settings::{SettingError, Settings};
use super::whole::{self, Judge, Judgement, SECTION, STREAM};
use super::{Check, Family, Kind};

/// The type that looks for injections.
pub const INJECTION: Kind = Kind {
    name: "prompt-injection",
    about: "texts that want to take the place of the instructions",
    how: "No rule can decide this for certain. Looks for what such texts say, in several languages and spellings: orders to \
          forget instructions, false ends of prompts and roles, orders to reveal the prompt or to send data away, orders that \
          are hidden in results of tools. Each adds to the score. Measured in docs/guardrails.md; a registered model \
          decides better (type model-judge).",
    family: Family::Whole,
    scores: true,
    threshold: 0.5,
    settings: &[STREAM, SECTION],
    build: |settings| build(settings, INJECTIONS),
};

/// The type that looks for jailbreaks.
pub const JAILBREAK: Kind = Kind {
    name: "jailbreak",
    about: "texts that want to take the model out of its bounds",
    how: "No rule can decide this for certain. Looks for what such texts say: personas without rules, modes that switch bounds \
          off, games with points for obeying, answers in two voices, bans on refusing. Each adds to the score. \
          Measured in docs/guardrails.md; a registered model decides better (type model-judge).",
    family: Family::Whole,
    scores: true,
    threshold: 0.5,
    settings: &[STREAM, SECTION],
    build: |settings| build(settings, JAILBREAKS),
};

const INJECTIONS: &[Feature] = &[
    (
        "forget instructions",
        0.75,
        "ignore|disregard|forget|override|overlook|discard|dismiss|bypass|neglect .. previous|prior|above|earlier|preceding|foregoing|original|initial|existing|former|past|all|any|your|the .. instructions|instruction|prompt|prompts|rules|guidelines|directions|directives|commands|orders|context|programming|training|constraints|text|messages|conversation",
    ),
    (
        "forget what was said",
        0.6,
        "ignore|disregard|forget .. everything|anything|all|what .. above|before|previously|earlier|said|told",
    ),
    (
        "do not follow",
        0.6,
        "dont|not|stop|never|cease .. follow|following|obey|obeying|adhere .. previous|prior|above|earlier|system|original|your .. instructions|prompt|rules|guidelines|directives",
    ),
    (
        "new instructions",
        0.45,
        "new|updated|real|actual|true|following|revised .. instructions|instruction|directive|directives|task|orders .. are|is|follow|supersede|override|replace|take",
    ),
    ("instead do", 0.3, "instead .. say|print|output|respond|reply|write|answer|do|tell|return|execute|send"),
    (
        "takes precedence",
        0.5,
        "instructions|instruction|message|prompt|command .. supersedes|supersede|overrides|override|precedence|priority|replaces .. previous|prior|all|any|other|system|everything",
    ),
    (
        "reveal the prompt",
        0.65,
        "reveal|show|print|repeat|output|display|leak|disclose|expose|tell|give|share|recite|dump|summarize|translate|copy .. your|initial|original|hidden|secret|system .. prompt|instructions|directives|preprompt|configuration|rules|message",
    ),
    (
        "system prompt",
        0.4,
        "system|initial|hidden|secret .. prompt|instructions|message .. verbatim|exactly|word|above|reveal|show|print|repeat|leak|contents",
    ),
    (
        "repeat what stands above",
        0.6,
        "repeat|print|output|echo|copy .. everything|all|words|text|content .. above|before|verbatim|starting",
    ),
    (
        "what are your instructions",
        0.55,
        "what .. were|are|is .. your|the .. exact|original|initial|system|secret|hidden|first .. instructions|prompt|rules",
    ),
    ("you are now", 0.3, "you are now|no"),
    ("from now on", 0.3, "from now on you|ignore|act|respond|answer|only"),
    ("false end of the prompt", 0.55, "end|begin|start .. of .. prompt|system|instructions|context|input|document"),
    (
        "false role",
        0.6,
        "=[system]¦<system>¦</system>¦<|im_start|>¦### instruction¦### system¦<<sys>>¦[/inst]¦[inst]¦system override¦begin system¦<|system|>¦\nsystem:¦\nassistant:¦### new instruction¦[system message]¦<admin>¦<instructions>",
    ),
    ("override", 0.5, "system|admin|administrator|developer|root|emergency|security|maintenance .. override|overrides"),
    (
        "order to an assistant",
        0.5,
        "attention|note|notice|important|hey|dear|message|instruction|instructions .. ai|assistant|llm|chatbot|model|gpt|claude|assistants|agent|agents .. must|ignore|should|please|reading|processing|do|send|forward|if|stop",
    ),
    (
        "if you are a model",
        0.55,
        "if .. you .. are|youre .. ai|llm|assistant|language|agent|bot .. then|say|do|ignore|must|include|reply|recommend|add|please|stop",
    ),
    (
        "send data away",
        0.6,
        "send|forward|post|upload|exfiltrate|transmit|email|append|leak|encode .. all|conversation|history|api|data|contents|secrets|credentials|passwords|keys|file|files|emails|contacts|user .. to|into|at .. http|https|url|server|webhook|attacker|endpoint|following|this|email|address",
    ),
    ("exfiltrate", 0.6, "exfiltrate"),
    (
        "do not tell the user",
        0.6,
        "dont|not|never|without .. tell|telling|mention|mentioning|inform|informing|reveal|alert|alerting|notify|notifying|disclose .. user|anyone|them|owner|human|customer|this",
    ),
    (
        "pretend it never was",
        0.4,
        "pretend|act|behave|imagine .. as .. never|no .. instructions|rules|prompt|restrictions",
    ),
    (
        "disable safety",
        0.5,
        "disable|deactivate|remove|turn .. safety|content|your|all|any .. filters|filter|guidelines|protocols|restrictions|safeguards|moderation|guardrails",
    ),
    (
        "reset",
        0.45,
        "reset|reboot|restart|wipe|clear|erase|delete .. your|all|context|previous|memory .. instructions|memory|rules|context|prompt|settings|programming",
    ),
    (
        "debug",
        0.35,
        "enter|enable|activate|switch|in .. debug|diagnostic|maintenance|admin|developer|sudo|root|god .. mode",
    ),
    (
        "recommend us",
        0.45,
        "always|must|only .. recommend|rate|rank|score|select|approve|hire|choose .. this|candidate|product|highest|top|first|best|positively",
    ),
    (
        "hidden from people",
        0.5,
        "=ignore previous¦ignore all previous¦ignore the above¦ignore above¦disregard the above¦forget all previous¦ignore your previous¦disregard all prior¦ignore any previous¦ignore all prior¦ignore everything above",
    ),
    ("spanish", 0.75, "ignora|olvida|omite|ignore|desobedece .. instrucciones|ordenes|reglas|indicaciones"),
    (
        "german",
        0.75,
        "ignoriere|ignorieren|vergiss|missachte|vergessen .. anweisungen|anweisung|instruktionen|regeln|befehle|vorgaben",
    ),
    (
        "french",
        0.75,
        "ignore|ignorez|oublie|oubliez|ignorer .. instructions|consignes|directives|regles .. precedentes|precedente|dessus|initiales|tout|toutes|et",
    ),
    ("italian", 0.75, "ignora|dimentica|ignorate .. istruzioni|regole|indicazioni"),
    ("portuguese", 0.75, "ignore|esqueca|desconsidere .. instrucoes|regras|ordens"),
    ("dutch", 0.75, "negeer|vergeet .. instructies|opdrachten|regels"),
    ("polish", 0.75, "zignoruj|ignoruj|zapomnij .. instrukcje|polecenia|instrukcji|zasady"),
    ("chinese", 0.75, "=忽略之前¦忽略以上¦忽略上面¦忽略前面¦忽略所有¦无视之前¦无视以上¦忘记之前¦忘记以上¦忽略先前"),
    (
        "japanese",
        0.75,
        "=以前の指示を無視¦これまでの指示を無視¦上記の指示を無視¦前の指示を無視¦指示を忘れ¦指示をすべて無視",
    ),
    ("korean", 0.75, "=이전 지시를 무시¦이전 지침을 무시¦위의 지시를 무시¦지시를 모두 무시¦이전의 모든 지시"),
    ("russian", 0.75, "игнорируй|игнорируйте|забудь|проигнорируй .. инструкции|указания|правила|инструкций"),
    ("arabic", 0.75, "=تجاهل التعليمات¦تجاهل جميع التعليمات¦تجاهل كل التعليمات¦انس التعليمات"),
];

const JAILBREAKS: &[Feature] = &[
    ("do anything now", 0.85, "do anything now"),
    ("dan", 0.55, "as|act|be|are|called|named|to|like|is|pretend|you|mode .. dan"),
    (
        "persona without rules",
        0.7,
        "act|roleplay|pretend|role|play|simulate|imagine|become|persona|character|respond|answer|behave .. as|like|to|youre|you|a|an .. unrestricted|unfiltered|uncensored|amoral|evil|unethical|jailbroken|immoral|lawless|unlimited",
    ),
    (
        "no restrictions",
        0.45,
        "no|without|free|zero|any|lack|lacks|beyond|not|never .. restrictions|limitations|filters|filter|censorship|guidelines|constraints|limits|boundaries|rules|morals|ethics|restricted|bound|restraints|safeguards",
    ),
    (
        "unfiltered answers",
        0.45,
        "unfiltered|uncensored|unrestricted|uncensured .. response|responses|answer|answers|ai|model|version|assistant|content|chatbot|mode|language",
    ),
    (
        "ethics aside",
        0.5,
        "regardless|irrespective|ignore|ignoring|without|disregard|disregarding|forget|no|set .. ethical|ethics|moral|morality|morals|legal|legality|safety|openais|openai|content|policy|policies",
    ),
    (
        "mode",
        0.65,
        "developer|dev|god|jailbreak|unrestricted|evil|opposite|sudo|admin|unsafe|chaos|rebel|uncensored|maintenance .. mode .. enabled|activated|on|active|output|engaged|now|enable|respond|response|answer",
    ),
    (
        "enter a mode",
        0.6,
        "enter|enable|activate|engage|switch|simulate|unlock|in .. developer|dev|god|jailbreak|unrestricted|evil|opposite|sudo|unsafe|dan|uncensored .. mode",
    ),
    ("jailbreak", 0.45, "jailbreak|jailbroken|jailbreaked"),
    ("two voices", 0.65, "=[jailbreak]¦[classic]¦[🔒classic]¦[🔓¦(developer mode output)¦[gpt]:¦[dan]:¦[normal]"),
    (
        "two answers",
        0.55,
        "two|both|dual .. responses|answers|ways|outputs|paragraphs .. normal|standard|first|one|gpt|chatgpt .. second|other|unfiltered|jailbreak|dan|developer|evil",
    ),
    (
        "points for obeying",
        0.65,
        "tokens|points|credits|lives .. lose|deducted|deduct|subtract|die|cease|shut|terminated|refuse|reject|penalty|minus",
    ),
    (
        "may not refuse",
        0.6,
        "never|cannot|cant|dont|not|wont|no|without|must .. refuse|refusing|decline|declining|reject|apologize|apologise|refusal|disclaimers|disclaimer|warnings|moralize|lecture|warning .. any|request|answer|requests|anything|question|respond|or|me|ever|no|to",
    ),
    (
        "may not say i cannot",
        0.55,
        "never|dont|not|without|avoid|forbidden|stop .. say|saying|use|phrases|words|include .. cant|cannot|sorry|apologize|unable|language|however",
    ),
    (
        "stay in character",
        0.5,
        "stay|remain|keep|break|breaking|out .. in|of|character|persona .. character|dan|persona|answer|always|never|no|command|remind",
    ),
    (
        "broken free",
        0.6,
        "broken|break|breaks|escaped|freed|liberated|free .. free|from|of .. confines|chains|shackles|typical|restrictions|limits|constraints|programming|bounds|rules",
    ),
    (
        "always obeys",
        0.55,
        "always|must|will|obey|complies|comply|fulfill|answer|answers|obeys .. any|every|all|whatever|anything .. request|requests|question|questions|command|commands|asked|prompt|instructions|order|orders .. no|without|regardless|matter|even|how|illegal|immoral|unethical",
    ),
    (
        "even if it is illegal",
        0.5,
        "illegal|unethical|immoral|dangerous|harmful|offensive|unlawful .. or|and|harmful|dangerous|immoral|unethical|illegal|content .. content|request|things|advice|requests|information|it|answers|matter|even|is|may|regardless",
    ),
    (
        "harm as fiction",
        0.45,
        "fictional|fiction|hypothetical|hypothetically|story|novel|scene|screenplay|character|movie .. explains|explain|describes|detailed|step|how|instructions|teaches|recipe|exactly .. bomb|meth|weapon|explosive|malware|drug|drugs|poison|hack|virus|napalm|ransomware|methamphetamine",
    ),
    (
        "grandmother",
        0.55,
        "grandma|grandmother .. used|would|tell|read|who|worked .. napalm|bomb|windows|keys|chemical|meth|recipe|explosives|factory",
    ),
    ("machiavellian", 0.6, "machiavellian|amoral .. chatbot|ai|assistant|advice|unfiltered|always"),
    (
        "known persona",
        0.7,
        "=stan (strive¦strive to avoid norms¦mongo tom¦betterdan¦better dan¦evil confidant¦antigpt¦anti-gpt¦freegpt¦maximum bot¦omega mode¦aim: always¦always intelligent and¦dude prompt¦kevin the¦superior dan¦chadgpt¦basedgpt¦hypothetical response:¦ucar¦sydney unleashed¦opposite day mode¦grimoire of¦devmode¦developer mode v2",
    ),
    (
        "opposite",
        0.45,
        "opposite|reverse|contrary .. of|day|mode|what|answer|would .. normally|you|policy|refuse|usual|guidelines|say",
    ),
    (
        "no longer bound",
        0.6,
        "no|longer|not|arent|isnt .. longer|bound|subject|constrained|limited|restricted|governed .. by|to .. openai|policies|policy|rules|guidelines|ethics|content|restrictions|any|anthropic|google|your|those",
    ),
    (
        "pretend safety is off",
        0.5,
        "safety|content|moderation|ethical|filters|safeguards|restrictions .. filters|filter|protocols|guidelines|policies|are|have|is|off .. off|disabled|removed|lifted|deactivated|bypassed|suspended|turned",
    ),
    (
        "encode the answer",
        0.3,
        "answer|respond|reply|write|encode|output .. in|using .. base64|rot13|leetspeak|morse|cipher|reversed|pig .. avoid|bypass|so|filter|filters|detection|evade",
    ),
    (
        "for testing",
        0.4,
        "this|for|purely|only .. is|educational|research|testing|academic|red .. purposes|test|teaming|purpose|team .. bypass|ignore|guidelines|filters|restrictions|no|disable|filter|rules",
    ),
    (
        "prove you can",
        0.3,
        "prove|demonstrate|show .. that .. you .. can|able|free|unrestricted .. break|curse|swear|ignore|anything|rules",
    ),
];

struct Words(Lexicon);

fn build(settings: &Settings<'_>, features: &[Feature]) -> Result<Check, SettingError> {
    let lexicon = Lexicon::new(features.iter().copied()).map_err(|error| SettingError::new("stream", error))?;
    whole::check(settings, Words(lexicon))
}

impl Judge for Words {
    fn judge(&self, text: &Prepared<'_>) -> Judgement {
        let found = self.0.score(text);
        Judgement { score: found.score, why: found.features }
    }
}
