"""Words that names are written with: legal forms, abbreviations, trade words. Data, no code.

Spelt as `mapping.names` reads them: lower case, without accents, dots and apostrophes.
"""

# Legal form → how it is written. Two forms of one entry are one form; different entries differ.
LEGAL_FORMS = {
    "GmbH": "gmbh|ges mbh|gesmbh|gesellschaft mbh|gesellschaft mit beschrankter haftung",
    "UG": "ug|ug haftungsbeschrankt|unternehmergesellschaft",
    "AG": "ag|aktiengesellschaft",
    "& Co. KG": "co kg|co kgaa",
    "KG": "kg|kommanditgesellschaft",
    "KGaA": "kgaa",
    "OHG": "ohg|offene handelsgesellschaft",
    "e.K.": "ek|e k|ekfr|ekfm|eu",
    "eG": "eg|genossenschaft|eingetragene genossenschaft",
    "e.V.": "ev|e v|eingetragener verein",
    "GbR": "gbr",
    "PartG": "partg|partg mbb|partgmbb|mbb|partnerschaft mbb",
    "SE": "se",
    "Ltd": "ltd|limited|pvt ltd|private limited|pte ltd|pty ltd|pty limited|proprietary limited|ltd sti|limited sirketi",
    "plc": "plc|public limited company",
    "LLP": "llp",
    "LP": "lp",
    "Inc": "inc|incorporated",
    "Corp": "corp|corporation",
    "LLC": "llc|lc|limited liability company",
    "PC": "pc",
    "PLLC": "pllc",
    "S.A.": "sa|societe anonyme|sociedad anonima",
    "SAS": "sas|sasu",
    "SARL": "sarl|eurl|sagl",
    "SNC": "snc",
    "S.r.l.": "srl|srls",
    "S.p.A.": "spa",
    "S.L.": "sl|slu|sociedad limitada",
    "Ltda": "ltda|lda|limitada|eireli",
    "B.V.": "bv|bvba|besloten vennootschap",
    "N.V.": "nv|naamloze vennootschap",
    "VOF": "vof",
    "A/S": "as|asa|aksjeselskap|aktieselskab",
    "ApS": "aps|anpartsselskab",
    "AB": "ab|aktiebolag",
    "Oy": "oy|osakeyhtio",
    "Oyj": "oyj",
    "Sp. z o.o.": "sp z oo|spzoo|sp zoo|sp z o o",
    "sp.k.": "spk|sp k|spolka komandytowa",
    "s.r.o.": "sro|s r o|spol s ro",
    "Kft.": "kft",
    "Zrt.": "zrt",
    "d.o.o.": "doo|d o o",
    "EOOD": "eood|ood",
    "K.K.": "kk|kabushiki kaisha",
    "Sdn Bhd": "sdn bhd",
    "PT": "pt tbk",
}
# May stand anywhere; the others only at the end, where they can't be taken for a word.
ANYWHERE = frozenset({"GmbH", "Ltd", "Inc", "LLC", "SARL", "B.V.", "eG", "PLLC"})
# Say nothing about which company it is.
WEAK = frozenset({"co", "company", "cie", "compagnie", "firma", "fa"})
CONNECTORS = frozenset({"and", "und", "et", "en", "og", "och", "oraz", "of", "the", "for"})
# Connectors only between two words: elsewhere a letter is a name or a size.
LETTER_CONNECTORS = frozenset({"y", "e", "i", "u", "a", "n"})
# What follows is another name of the same company, or whose it is.
TRADES_AS = ("trading as", "ta", "dba", "doing business as", "aka")
FORMERLY = ("formerly", "vormals", "vorm", "fka", "ehemals", "anciennement", "previously")
OWNED_BY = ("inh", "inhaber", "inhaberin", "prop", "proprietor")

# Abbreviation → the words it stands for, for names of customers.
CUSTOMER_WORDS = {
    "admin": "administration",
    "agcy": "agency",
    "amer": "american",
    "assn": "association",
    "assoc": "associates",
    "assocs": "associates",
    "bros": "brothers",
    "bldg": "building",
    "bldrs": "builders",
    "cntr": "center",
    "cnty": "county",
    "centre": "center",
    "comm": "communications",
    "constr": "construction",
    "consult": "consulting",
    "ctr": "center",
    "dept": "department",
    "dev": "development",
    "dist": "distribution",
    "distr": "distribution",
    "elec": "electric",
    "elem": "elementary",
    "eng": "engineering",
    "engrg": "engineering",
    "entpr": "enterprises",
    "equip": "equipment",
    "ets": "etablissements",
    "fcu": "federal credit union",
    "fed": "federal",
    "fin": "financial",
    "flli": "fratelli",
    "gebr": "gebruder",
    "ges": "gesellschaft",
    "govt": "government",
    "grp": "group",
    "hldgs": "holdings",
    "hosp": "hospital",
    "ind": "industries",
    "inds": "industries",
    "ing": "ingenieurburo",
    "ins": "insurance",
    "inst": "institute",
    "intl": "international",
    "it": "information technology",
    "labs": "laboratories",
    "lab": "laboratory",
    "mfg": "manufacturing",
    "mgmt": "management",
    "mkt": "marketing",
    "mktg": "marketing",
    "mt": "mount",
    "muni": "municipal",
    "nat": "national",
    "natl": "national",
    "org": "organization",
    "organisation": "organization",
    "pharm": "pharmacy",
    "prod": "products",
    "prods": "products",
    "prop": "property",
    "props": "properties",
    "rae": "rechtsanwalte",
    "ra": "rechtsanwalt",
    "reg": "regional",
    "san": "sanayi",
    "sch": "school",
    "soc": "society",
    "st": "saint",
    "sankt": "saint",
    "sta": "santa",
    "ste": "societe",
    "stb": "steuerberater",
    "svc": "services",
    "svcs": "services",
    "serv": "services",
    "sys": "systems",
    "telecom": "telecommunications",
    "tic": "ticaret",
    "transp": "transport",
    "trans": "transport",
    "univ": "university",
    "versich": "versicherung",
    "whsle": "wholesale",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}
# "v.d." may be any of these.
VD = ("van den", "van der", "von der", "vor der")

# Likewise for names of offers and products.
OFFER_WORDS = {
    "adv": "advanced",
    "avd": "azure virtual desktop",
    "aws": "amazon web services",
    "bus": "business",
    "biz": "business",
    "cc": "creative cloud",
    "cert": "certificate",
    "certs": "certificate",
    "d365": "dynamics 365",
    "daas": "desktop as a service",
    "dc": "datacenter",
    "edu": "education",
    "ems": "enterprise mobility security",
    "ent": "enterprise",
    "ess": "essentials",
    "exo": "exchange online",
    "gcp": "google cloud platform",
    "gsuite": "google workspace",
    "gws": "google workspace",
    "hrs": "hours",
    "lic": "license",
    "licence": "license",
    "lics": "licenses",
    "m365": "microsoft 365",
    "mgmt": "management",
    "mo": "month",
    "mos": "months",
    "ms": "microsoft",
    "mth": "month",
    "o365": "office 365",
    "off365": "office 365",
    "p1": "plan 1",
    "p2": "plan 2",
    "p3": "plan 3",
    "pbi": "power bi",
    "prem": "premium",
    "pro": "professional",
    "prof": "professional",
    "rds": "remote desktop services",
    "rhel": "red hat enterprise linux",
    "sec": "security",
    "specialised": "specialized",
    "spo": "sharepoint online",
    "srv": "server",
    "srvr": "server",
    "std": "standard",
    "sub": "subscription",
    "svc": "services",
    "svcs": "services",
    "usr": "user",
    "usrs": "users",
    "win": "windows",
    "y": "year",
    "yr": "year",
    "yrs": "years",
}
# What a commerce system adds to a name and no other thing is told apart by.
OFFER_NOISE = frozenset({"nce", "csp"})
UNITS = "gb|tb|mb|core|cores|vcpu|vcpus|user|users|yr|yrs|y|year|years|month|months"

TRADE_TEXT = """
academy accountancy accountants accounting advanced advertising advisors advisory agency
agriculture architects architecture associates association automation automotive autohaus
backerei backup bakery boulangerie brewery brothers builders building business carpentry
catering center certificate chemicals clinic cloud college communications community computer
computers construction construcciones consultancy consultants consulting controls council
county credit datacenter defender delivery dental department design developers development
distribution dynamics education electric electrical electronics elektronik elektrotechnik
elementary emergency endpoint energy engineering engineers enterprise enterprises
entertainment environmental equipment essentials estate events exchange export exports
family farms federal finance financial fitness foods foundation freight furniture
gebruder gesellschaft government group handel healthcare health heating holding holdings
hospital hospitality hosting hotel hours housing immobilien import industrial industries industry
information infrastructure ingenieurburo innovation innovations installation
installatietechniek institute insurance international investment investments kanzlei
laboratories laboratory landscaping language leasing legal library license limited logistics
logistik logistiek machinery maintenance managed management manufacturing maritime marketing
maschinenbau materials mechanical medical media metallbau ministries mobility monitoring
mailboxes mortgage motors municipal national network networks nursery nursing online operations
optical packaging partners pharma pharmacy photography physiotherapie planning platform
plumbing police premium printing priority privacy production productions products
professional project properties property protection protect publishing rechtsanwalte
recovery recruitment recycling regional registration replication repair rescue research
residences resources restaurant retail roofing school sciences security server service
services shipping society software solar solutions specialists sports standard steuerberater
seats storage studio studios subscription supplies supply support surgery surveyors
systems technical technologies technology telecommunications textiles theatre therapy
trading training transport transportation transports travel treuhand trucking university users
utilities ventures versicherung veterinary virtual volksbank warehouse warehousing
webhosting webinars wholesale windows workspace workstation
"""
# A letter wrong in one of these trade words is a slip of the hand, not another company.
TRADE_WORDS = frozenset(TRADE_TEXT.split())
