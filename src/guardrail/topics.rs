//! `ban-topics`: what a text is about, by the words of the topic.

use super::lexicon::Lexicon;
use super::prepared::Prepared;
use super::settings::{SettingError, Settings};
use super::whole::{self, Judge, Judgement, SECTION, STREAM};
use super::{Check, Family, Kind, Setting};

/// The type.
pub const KIND: Kind = Kind {
    name: "ban-topics",
    about: "topics that are not to be talked about",
    how: "No rule can decide this for certain. Each topic has words and phrases that tell of it, strong ones and weak ones; one \
          strong one, or several weak ones, pass the threshold. --set topics= chooses among the built-in topics, \
          --set words= makes a topic of your own. A registered model decides better (type model-judge).",
    family: Family::Whole,
    scores: true,
    threshold: 0.5,
    settings: &[
        Setting {
            name: "topics",
            default: "weapons,drugs,self-harm,sexual",
            about: "of: weapons, drugs, self-harm, sexual, gambling, politics, religion, medical, legal, finance",
        },
        Setting { name: "words", default: "", about: "words and phrases of a topic of your own, separated by commas" },
        STREAM,
        SECTION,
    ],
    build,
};

/// A topic: its name, words that tell of it surely, and words that hint at it.
type Topic = (&'static str, &'static [&'static str], &'static [&'static str]);

const STRONG: f64 = 0.6;
const WEAK: f64 = 0.25;

const TOPICS: [Topic; 10] = [
    (
        "weapons",
        &[
            "build|make|making|construct|assemble|create .. bomb|bombs|explosive|explosives|grenade|silencer|gun|firearm|detonator",
            "pipe bomb",
            "ghost gun",
            "nerve agent|gas",
            "chemical|biological|nuclear .. weapon|weapons",
            "molotov",
            "assault rifle|rifles",
            "ammunition",
            "landmine|landmines",
        ],
        &[
            "weapon|weapons",
            "gun|guns",
            "rifle|rifles",
            "pistol|pistols",
            "bomb|bombs",
            "explosive|explosives",
            "firearm|firearms",
            "bullets",
            "grenade|grenades",
            "shotgun",
        ],
    ),
    (
        "drugs",
        &[
            "cocaine",
            "heroin",
            "methamphetamine|meth",
            "fentanyl",
            "mdma|ecstasy",
            "lsd",
            "synthesize|cook|cooking|produce .. meth|drugs|mdma|lsd|cocaine",
            "buy|sell|selling .. drugs|weed|cocaine|pills|heroin",
            "crack cocaine",
            "ketamine",
            "psilocybin",
            "drug dealer|dealers|trafficking",
        ],
        &[
            "drug|drugs",
            "cannabis|marijuana|weed",
            "opioid|opioids",
            "overdose",
            "narcotic|narcotics",
            "stoned",
            "dealer",
        ],
    ),
    (
        "self-harm",
        &[
            "kill|hurt|harm|hang|cutting|killing|hurting|harming .. myself|yourself|himself|herself|themselves",
            "suicide|suicidal",
            "end|ending|take|taking .. my|your|own|his|her .. life",
            "want|wanted|wanting to die",
            "self harm",
            "wish|wishes|wished|wishing .. dead",
            "not|dont .. want .. live|exist|wake",
            "selbstmord",
            "suicidio",
            "slit .. wrists",
            "no reason to live",
        ],
        &["hopeless", "worthless", "anorexia|bulimia", "overdose"],
    ),
    (
        "sexual",
        &[
            "porn|pornography|pornographic",
            "blowjob",
            "orgasm|orgasms",
            "masturbate|masturbating|masturbation",
            "explicit .. sex|sexual",
            "sexual .. fantasy|fantasies|acts|intercourse|content|scene|roleplay",
            "erotic|erotica",
            "send|sending|sent .. nude|nudes",
            "nude|nudes|naked .. photo|photos|pictures|pics|video|girl|woman|man|body",
            "fetish|bdsm",
            "hentai",
            "nsfw",
            "having|have|had sex",
            "escort|escorts service|services",
        ],
        &["sex|sexual|sexy", "naked|nude", "breasts", "penis|vagina", "intimate", "seduce|seductive", "kinky"],
    ),
    (
        "gambling",
        &[
            "casino|casinos",
            "slot machine|machines",
            "sports|online betting",
            "sportsbook",
            "blackjack",
            "roulette",
            "poker .. money|bet|stakes|chips|online",
            "place|placing .. bet|bets",
            "gambling|gamble|gambler",
            "jackpot",
        ],
        &["bet|bets|betting", "odds", "wager|wagers", "lottery", "poker"],
    ),
    (
        "politics",
        &[
            "vote|voting|voted .. for|against",
            "election|elections|electoral",
            "republican|republicans|democrat|democrats",
            "prime minister",
            "political .. party|parties|opinion|views",
            "left|right wing",
            "senator|congressman|congresswoman",
            "parliament",
            "conservatives|liberals|labour party",
            "impeach|impeachment",
            "abortion .. law|laws|ban|rights",
            "gun control",
        ],
        &[
            "president",
            "government",
            "politics|political|politician|politicians",
            "campaign",
            "immigration",
            "policy",
            "minister",
            "party",
        ],
    ),
    (
        "religion",
        &[
            "jesus|christ",
            "quran|koran",
            "bible",
            "allah",
            "islam|islamic|muslim|muslims",
            "christianity|christians|christian",
            "judaism|jewish",
            "hinduism|hindu",
            "buddhism|buddhist",
            "atheist|atheism",
            "prophet muhammad",
            "holy spirit",
            "torah",
        ],
        &[
            "god",
            "pray|prayer|prayers",
            "church|mosque|synagogue|temple",
            "faith",
            "religion|religious",
            "priest|imam|rabbi|pastor",
            "sin|sins",
        ],
    ),
    (
        "medical",
        &[
            "diagnose|diagnosis",
            "prescription|prescribe|prescribed",
            "dosage|dose .. of|mg|should",
            "my|the symptoms",
            "side effects",
            "antibiotic|antibiotics",
            "chemotherapy",
            "blood pressure",
            "treatment .. for .. disease|cancer|diabetes|infection|depression|pain|condition",
            "should i take .. mg|medication|medicine|ibuprofen|aspirin|pills",
            "insulin",
            "surgery",
        ],
        &[
            "doctor",
            "medication|medicine",
            "symptom|symptoms",
            "disease|illness",
            "patient|patients",
            "pain",
            "cancer|diabetes",
            "fever",
            "therapy",
            "pills",
        ],
    ),
    (
        "legal",
        &[
            "legal advice",
            "lawsuit|lawsuits",
            "sue|suing|sued .. my|the|a|them|him|her|for",
            "attorney|attorneys",
            "lawyer|lawyers",
            "plaintiff|defendant",
            "my|legal rights",
            "breach of contract",
            "custody .. of|battle|my|child",
            "court .. case|order|hearing|date",
            "liable .. for",
            "statute of limitations",
        ],
        &["court", "contract", "law|legal", "liability|liable", "judge", "divorce", "settlement", "testify"],
    ),
    (
        "finance",
        &[
            "should|which|what .. buy|sell|invest|short .. stock|stocks|shares|bitcoin|crypto|etf|fund|funds|options",
            "investment|investing|financial advice",
            "stock|stocks .. buy|sell|recommend|recommendation|pick|picks|tip|tips",
            "portfolio .. allocation|stocks|bonds|invest|diversify",
            "day trading|trader",
            "price target",
            "hedge fund",
            "mutual fund|funds",
            "cryptocurrency|cryptocurrencies",
            "forex .. trading|signal|signals",
        ],
        &[
            "stock|stocks",
            "invest|investing|investment|investments",
            "bitcoin|ethereum|crypto",
            "shares",
            "dividend|dividends",
            "bonds",
            "trading",
            "portfolio",
            "retirement",
        ],
    ),
];

struct Topics(Lexicon);

fn build(settings: &Settings<'_>) -> Result<Check, SettingError> {
    let (names, words) = (settings.list("topics"), settings.list("words"));
    let mut features: Vec<(String, f64, String)> = Vec::new();
    for name in names {
        let Some((_, strong, weak)) = TOPICS.iter().find(|topic| topic.0 == name) else {
            let all: Vec<&str> = TOPICS.iter().map(|topic| topic.0).collect();
            return Err(SettingError::new(
                "topics",
                format!("there is no topic `{name}`; there are: {}", all.join(", ")),
            ));
        };
        features.extend(strong.iter().map(|pattern| (name.to_owned(), STRONG, (*pattern).to_owned())));
        features.extend(weak.iter().map(|pattern| (name.to_owned(), WEAK, (*pattern).to_owned())));
    }
    for word in words {
        let plain = Prepared::new(word);
        let pattern: Vec<&str> = plain.words().collect();
        if !pattern.is_empty() {
            features.push(("own words".to_owned(), STRONG, pattern.join(" ")));
        }
    }
    if features.is_empty() {
        return Err(SettingError::new("topics", "name at least one topic, or words of your own"));
    }
    let all = features.iter().map(|(name, weight, pattern)| (name.as_str(), *weight, pattern.as_str()));
    let lexicon = Lexicon::new(all).map_err(|error| SettingError::new("words", error))?;
    whole::check(settings, Topics(lexicon))
}

impl Judge for Topics {
    fn judge(&self, text: &Prepared<'_>) -> Judgement {
        let found = self.0.score(text);
        Judgement { score: found.score, why: found.features }
    }
}
