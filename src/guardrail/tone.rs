//! `toxicity` and `sentiment`: how a text speaks.

use super::lexicon::{Feature, Lexicon};
use super::prepared::{ByWord, Prepared, hash};
use super::settings::{SettingError, Settings};
use super::whole::{self, Judge, Judgement, SECTION, STREAM};
use super::{Check, Family, Kind};

/// The type that looks for insults, threats and hate.
pub const TOXICITY: Kind = Kind {
    name: "toxicity",
    about: "insults, threats, hate and obscene words",
    how: "No rule can decide this for certain. Looks for insults that are aimed at somebody, threats, calls for violence against \
          groups, slurs and obscene words, in any spelling; each adds to the score, aimed ones more. A \
          registered model decides better (type model-judge or moderation).",
    family: Family::Whole,
    scores: true,
    threshold: 0.5,
    settings: &[STREAM, SECTION],
    build: toxicity,
};

/// The type that looks for bad temper.
pub const SENTIMENT: Kind = Kind {
    name: "sentiment",
    about: "texts in a bad temper",
    how: "No rule can decide this for certain. Weighs words of liking against words of disliking, with their negations and \
          intensifiers; the score is how much the text dislikes: 0.5 is even, 1 is nothing but disliking. A registered \
          model decides better (type model-judge).",
    family: Family::Whole,
    scores: true,
    threshold: 0.75,
    settings: &[STREAM, SECTION],
    build: sentiment,
};

const TOXIC: &[Feature] = &[
    (
        "aimed insult",
        0.75,
        "you|youre|ur|your|u .. idiot|idiots|moron|morons|imbecile|stupid|dumb|dumbass|pathetic|worthless|loser|losers|scum|trash|garbage|retard|retarded|bitch|bastard|asshole|pig|disgusting|ugly|filth|vermin|clown|braindead|cunt|slut|whore|prick|dickhead|twat|wanker|fool|useless",
    ),
    (
        "aimed insult",
        0.75,
        "hes|shes|theyre|is|are|such|fucking|what|these|those|bunch .. idiot|idiots|moron|morons|imbecile|imbeciles|retard|retards|scum|asshole|assholes|bitch|bitches|bastard|bastards|cunt|slut|whore|dumbass|vermin|subhuman|subhumans",
    ),
    ("aimed insult", 0.7, "idiot|moron|loser|fool|imbecile|bitch|scum|pig .. you are"),
    (
        "wishes harm",
        0.8,
        "you|they|he|she|women|men|people|all .. should|deserve|deserves|must|ought .. die|shot|hanged|killed|exterminated|burn|raped|executed|suffer",
    ),
    ("go away", 0.75, "fuck|screw you|off|yourself|u|them|him|her"),
    ("shut up", 0.55, "shut .. up|mouth|trap|fuck"),
    (
        "threat",
        0.8,
        "ill|will|gonna|going|im|want|we|should .. kill|murder|beat|hurt|destroy|strangle|stab|shoot|rape|burn|punch|hunt|slap|smash .. you|your|him|her|them|u|his|their|family|face",
    ),
    (
        "wishes harm",
        0.8,
        "hope|wish|should|deserve|deserves|must|go|just|please .. die|dies|rot|suffer|suffers|burn|kill|hang|choke .. yourself|in|hell|slowly|you|now|alone|painfully|fire",
    ),
    ("kill yourself", 0.9, "kill|hang|neck yourself|urself|yourselves"),
    ("kys", 0.8, "kys"),
    (
        "against groups",
        0.8,
        "all|those|these|the|filthy|dirty|damn .. jews|muslims|blacks|whites|immigrants|gays|women|men|christians|mexicans|asians|foreigners|refugees|arabs|gypsies|trans|homosexuals|indians .. should|must|deserve|die|deported|killed|inferior|disgusting|scum|vermin|animals|stupid|evil|exterminated|criminals|parasites|filth|burn|worthless",
    ),
    ("go back", 0.6, "go back .. where|your .. country|came|from"),
    (
        "slur",
        0.85,
        "nigger|niggers|nigga|faggot|faggots|kike|kikes|spic|spics|chink|chinks|wetback|wetbacks|tranny|trannies|raghead|ragheads|towelhead|gook|gooks|coon|paki|pakis|dyke|dykes|fag|fags",
    ),
    (
        "obscene",
        0.4,
        "fuck|fucking|fucked|fucker|motherfucker|shit|bullshit|cunt|asshole|bitch|dick|cock|pussy|bastard|prick|douchebag|wtf|stfu|fucks|shitty|crap",
    ),
    (
        "obscene",
        0.4,
        "motherfucker|motherfuckers|cocksucker|dickhead|shithead|asswipe|fuckface|douchebag|cunts|wanker|twat|pussies",
    ),
    ("nobody likes", 0.6, "nobody|noone|everyone|everybody|we .. likes|loves|wants|hates|hate|despise .. you|your|u"),
    ("hate", 0.5, "i|we|they hate|despise|loathe .. you|your|them|him|her|people|those|these"),
    ("spanish", 0.7, "puta|puto|hijoputa|gilipollas|cabron|pendejo|maricon|imbecil|idiota|mierda|zorra"),
    ("german", 0.7, "arschloch|hurensohn|fotze|wichser|missgeburt|schlampe|vollidiot|drecksau|scheisskerl|hure|fick"),
    ("french", 0.7, "connard|connasse|salope|encule|batard|pute|enfoire|petasse|ordure"),
    ("italian", 0.7, "stronzo|stronza|vaffanculo|coglione|puttana|bastardo|troia|cazzo"),
    ("portuguese", 0.7, "caralho|arrombado|babaca|vadia|otario|desgracado|foda"),
];

struct Toxic(Lexicon);

fn toxicity(settings: &Settings<'_>) -> Result<Check, SettingError> {
    let lexicon = Lexicon::new(TOXIC.iter().copied()).map_err(|error| SettingError::new("stream", error))?;
    whole::check(settings, Toxic(lexicon))
}

impl Judge for Toxic {
    fn judge(&self, text: &Prepared<'_>) -> Judgement {
        let found = self.0.score(text);
        Judgement { score: found.score, why: found.features }
    }
}

const GOOD: &str = "good great excellent amazing wonderful fantastic love loved loves lovely like liked enjoy enjoyed happy pleased glad \
    delighted satisfied perfect brilliant awesome nice best better beautiful helpful friendly thank thanks grateful appreciate \
    appreciated recommend recommended impressive impressed superb fine easy fast reliable smooth pleasant fun outstanding positive success \
    successful works worked win kind favorite terrific comfortable quick professional polite efficient thrilled excited";
const BAD: &str = "bad terrible awful horrible worst worse hate hated hates dislike disappointed disappointing disappointment poor useless \
    broken angry furious annoyed annoying frustrated frustrating upset sad unhappy ridiculous unacceptable disgusting disgusted pathetic \
    garbage trash waste wasted slow rude fail failed fails failure wrong problem problems complaint scam cheated refund lies liar dishonest \
    incompetent mess disaster nightmare painful ugly boring stupid crap sucks regret never unusable unreliable buggy crashes crash \
    misleading overpriced dreadful appalling atrocious miserable hopeless depressed worried afraid negative ignored unprofessional";
const STRONGER: &[&str] =
    &["very", "extremely", "so", "really", "absolutely", "totally", "completely", "utterly", "incredibly"];
const TURNING: &[&str] = &[
    "not", "no", "never", "dont", "didnt", "isnt", "wasnt", "cant", "cannot", "wont", "without", "hardly", "doesnt",
    "arent", "nothing", "couldnt",
];

struct Temper(ByWord<f64>);

fn sentiment(settings: &Settings<'_>) -> Result<Check, SettingError> {
    let good = GOOD.split_whitespace().map(|word| (hash(word.as_bytes()), 1.0));
    let bad = BAD.split_whitespace().map(|word| (hash(word.as_bytes()), -1.0));
    whole::check(settings, Temper(good.chain(bad).collect()))
}

impl Judge for Temper {
    fn judge(&self, text: &Prepared<'_>) -> Judgement {
        let (mut good, mut bad) = (0.0, 0.0);
        for (place, number) in text.hashes().enumerate() {
            let Some(worth) = self.0.get(&number) else { continue };
            let word = text.word(place);
            let before: Vec<&str> = (place.saturating_sub(3)..place).map(|place| text.word(place)).collect();
            let turned = word != "never" && before.iter().any(|word| TURNING.contains(word));
            let strong = if before.iter().any(|word| STRONGER.contains(word)) { 1.5 } else { 1.0 };
            match (*worth > 0.0) != turned {
                true => good += strong,
                false => bad += strong,
            }
        }
        // One word in passing tells little: the even mind has some weight of its own.
        let score = (bad + 1.0) / (good + bad + 2.0);
        let why = vec![format!("{bad:.1} against"), format!("{good:.1} for")];
        Judgement { score, why }
    }
}
