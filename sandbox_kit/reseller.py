"""The invented reseller: customers, contracts and offers as both stand-ins know them.

Plain tables, no dates: each stand-in puts its own records around them. What the demonstration plants
on purpose is named in PLANTS.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache

# number | name on the Platform | reference | name in ConnectWise | identifier | city | currency | contracts
# A contract is a letter and what ConnectWise has for it: active, prorating, child, annual (agreements that
# take postings), new (none yet), ended, foreign (an agreement in another currency), none (left unmapped).
_CUSTOMERS = """
1001 | Nordwind Logistik GmbH | NW-1001 | Nordwind Logistik | NordwindLog | Hamburg | EUR | A:active B:active
1002 | Nordwind Logistik Holding GmbH | NW-1002 | Nordwind Logistik Holding | NordwindHold | Bremen | EUR | A:active
1003 | Müller & Söhne GmbH | MS-1003 | Müller & Söhne GmbH | MuellerMuc | München | EUR | A:active
1004 | Müller & Söhne GmbH | MS-1004 | Müller & Söhne GmbH | MuellerKoeln | Köln | EUR | A:active
1005 | Bäckerei "Zur Sonne" e.K. | BS-1005 | Baeckerei Zur Sonne | BaeckSonne | Augsburg | EUR | A:active
1006 | O'Neill & Daughters Ltd | ON-1006 | O'Neill and Daughters Limited | ONeill | Dublin | EUR | A:active
1007 | <script>alert('stand-in')</script> Trading Ltd | SC-1007 | Script Trading <b>Ltd</b> | ScriptTrade | London | EUR | A:active
1008 | =HYPERLINK("http://example.invalid","Open") AG | HY-1008 | =Hyperlink AG | HyperlinkAG | Bern | CHF | A:active
1009 | شركة النور للتجارة \u202egnidarT | NR-1009 | Al Noor Trading (شركة النور) | AlNoor | Dubai | USD | A:active
1010 | 🚀 Raketen-Pizza GmbH | RP-1010 | Raketen Pizza GmbH | RaketenPizza | Berlin | EUR | A:active
1011 | Ärztehaus Süd MVZ GmbH | AE-1011 | Aerztehaus Sued MVZ | AerztehausS | Stuttgart | EUR | A:active B:new
1012 | Contoso Deutschland GmbH | CO-1012 | Contoso Deutschland | ContosoDE | Frankfurt | EUR | A:active B:active
1013 | Fabrikam, Inc. | FA-1013 | Fabrikam Inc | Fabrikam | Boston | USD | A:active B:foreign
1014 | Alpen Treuhand AG | AT-1014 | Alpen Treuhand AG | AlpenTreu | Zürich | CHF | A:active
1015 | Weserstahl AG | WS-1015 | Weserstahl Aktiengesellschaft | Weserstahl | Bremen | EUR | A:active B:ended
1016 | Kanzlei Dr. Brandt & Partner mbB | KB-1016 | Kanzlei Brandt und Partner | KanzleiBrandt | Hannover | EUR | A:active
1017 | Grüne Energie Genossenschaft eG | GE-1017 | Gruene Energie eG | GrueneEnergie | Freiburg | EUR | A:active
1018 | Stadtwerke Lindental | SL-1018 | Stadtwerke Lindental GmbH | SWLindental | Lindental | EUR | A:prorating
1019 | Tailspin Toys Europe B.V. | TT-1019 | Tailspin Toys Europe BV | TailspinEU | Utrecht | EUR | A:active B:child
1020 | Wingtip Flugschule GmbH | WF-1020 | Wingtip Flugschule | Wingtip | Egelsbach | EUR | A:new
1021 | Adventure Works Outdoor AG | AW-1021 | Adventure Works Outdoor | AdvWorks | Innsbruck | EUR | A:active
1022 | Litware Software GmbH & Co. KG | LS-1022 | Litware Software GmbH & Co KG | Litware | Karlsruhe | EUR | A:active B:annual
1023 | Proseware Verlag GmbH | PV-1023 | Proseware Verlag | Proseware | Leipzig | EUR | A:active
1024 | Humongous Insurance SE | HI-1024 | Humongous Insurance SE | HumongousIns | Wien | EUR | A:active
1025 | Relecloud Hosting Ltd | RH-1025 | Relecloud Hosting Limited | Relecloud | Cork | EUR | A:active
1026 | Coho Weinhandel e.K. | CW-1026 | Coho Weinhandel | CohoWein | Mainz | EUR | A:active
1027 | Graphic Design Institut gGmbH | GD-1027 | Graphic Design Institut | GraphicDI | Weimar | EUR | A:active
1028 | Lucerne Publishing AG | LP-1028 | Lucerne Publishing | LucernePub | Luzern | CHF | A:active
1029 | Südkurier Spedition GmbH | SK-1029 | Suedkurier Spedition | SuedkurSped | Konstanz | EUR | A:active
1030 | Sudkurier Spedition GmbH | SK-1030 | Sudkurier Spedition GmbH | SudkurSped | Singen | EUR | A:active
1031 | Margie's Travel Agency | MT-1031 | Margies Travel | MargieTravel | Chicago | USD | A:active
1032 | Woodgrove Bank Luxembourg S.A. | WB-1032 | Woodgrove Bank Luxembourg | WoodgroveLux | Luxembourg | EUR | A:active B:active
1033 | Trey Research Forschungs GmbH | TR-1033 | Trey Research | TreyResearch | Dresden | EUR | A:new
1034 | Fourth Coffee Rösterei GmbH | FC-1034 | Fourth Coffee Roesterei | FourthCoffee | Bamberg | EUR | A:active
1035 | Blue Yonder Reisen GmbH | BY-1035 | Blue Yonder Reisen | BlueYonder | Nürnberg | EUR | A:active
1036 | City Power & Light Rhein-Main | CP-1036 | City Power and Light Rhein Main | CityPower | Offenbach | EUR | A:active
1037 | École Supérieure de Mode SARL | EM-1037 | Ecole Superieure de Mode | EcoleMode | Strasbourg | EUR | A:active
1038 | Łódzka Fabryka Mebli Sp. z o.o. | LF-1038 | Lodzka Fabryka Mebli | LodzkaFabr | Łódź | EUR | A:active
1039 | Northwind Traders International Ltd | NT-1039 | Northwind Traders Intl | NorthwindTr | Glasgow | EUR | A:none
1040 | Vater, Sohn und Enkel Handwerksbetriebe | VS-1040 | Vater Sohn Enkel Handwerk | VaterSohn | Kassel | EUR | A:none
"""

# number | name | vendor | product identifier | kind | billing cycle | commitment term | cost | price
_OFFERS = """
5001 | Microsoft 365 Business Basic | Microsoft | M365-BB | cycle | Monthly | 1 Year | 4.80 | 5.60
5002 | Microsoft 365 Business Standard | Microsoft | M365-BS | cycle | Monthly | 1 Year | 9.36 | 11.70
5003 | Microsoft 365 Business Premium | Microsoft | M365-BP | cycle | Monthly | 1 Year | 16.48 | 20.60
5004 | Microsoft 365 Apps for business | Microsoft | M365-AB | cycle | Monthly | 1 Month | 8.24 | 10.30
5005 | Microsoft 365 E3 (no Teams) | Microsoft | M365-E3 | cycle | Monthly | 1 Year | 28.0560 | 35.1125
5006 | Microsoft 365 E5 (no Teams) | Microsoft | M365-E5 | cycle | Monthly | 1 Year | 43.70 | 54.75
5007 | Microsoft 365 F3 | Microsoft | M365-F3 | cycle | Monthly | 1 Year | 6.48 | 8.10
5008 | Microsoft Teams Enterprise | Microsoft | MS-TEAMS | cycle | Monthly | 1 Year | 4.20 | 5.2456
5009 | Exchange Online (Plan 1) | Microsoft | EXO-P1 | cycle | Monthly | 1 Month | 3.20 | 4.10
5010 | Exchange Online (Plan 2) | Microsoft | EXO-P2 | cycle | Monthly | 1 Month | 6.40 | 8.10
5011 | Exchange Online Archiving | Microsoft | EXO-ARC | cycle | Monthly | 1 Year | 2.24 | 2.90
5012 | Power BI Pro | Microsoft | PBI-PRO | cycle | Monthly | 1 Year | 11.20 | 13.90
5013 | Power BI Premium Per User | Microsoft | PBI-PPU | cycle | Monthly | 1 Year | 19.20 | 23.90
5014 | Visio Plan 2 | Microsoft | VISIO-2 | cycle | Monthly | 1 Year | 11.28 | 14.10
5015 | Project Plan 3 | Microsoft | PROJ-3 | cycle | Monthly | 1 Year | 22.48 | 28.10
5016 | Microsoft Entra ID P1 | Microsoft | ENTRA-P1 | cycle | Monthly | 1 Year | 4.48 | 5.60
5017 | Microsoft Intune Plan 1 | Microsoft | INTUNE-1 | cycle | Monthly | 1 Year | 5.98 | 7.4750
5018 | Microsoft 365 Copilot | Microsoft | M365-COP | cycle | Annual | 1 Year | 269.76 | 337.20
5019 | Windows 365 Enterprise 2 vCPU 8 GB | Microsoft | W365-28 | cycle | Monthly | 1 Month | 30.40 | 38.00
5020 | Dynamics 365 Sales Professional | Microsoft | D365-SP | cycle | Annual | 1 Year | 624.00 | 780.00
5021 | Azure plan | Microsoft | AZ-PLAN | usage | Monthly | 1 Month | 0.012345 | 0.014567
5022 | Azure Reserved Instance D4s v5, 3 years | Microsoft | AZ-RI-D4 | cycle | Triennial | 3 Years | 2016.40 | 2419.68
5023 | Azure Backup storage | Microsoft | AZ-BACK | usage | Monthly | 1 Month | 0.0224 | 0.0280
5024 | Acronis Cyber Protect Cloud, per workload | Acronis | ACR-WL | cycle | Monthly | 1 Month | 3.15 | 5.95
5025 | Acronis Cyber Protect Cloud, storage GB | Acronis | ACR-GB | usage | Monthly | 1 Month | 0.0410 | 0.0790
5026 | Acronis Advanced Email Security | Acronis | ACR-AES | cycle | Monthly | 1 Month | 1.10 | 1.95
5027 | Veeam Backup for Microsoft 365 | Veeam | VBM365 | cycle | Monthly | 1 Month | 1.35 | 2.40
5028 | Veeam Data Cloud Vault, TB | Veeam | VDC-TB | usage | Monthly | 1 Month | 11.90 | 15.75
5029 | Bitdefender GravityZone Elite | Bitdefender | BD-GZE | cycle | Monthly | 1 Month | 1.98 | 3.30
5030 | Bitdefender MDR add-on | Bitdefender | BD-MDR | cycle | Monthly | 1 Year | 3.50 | 5.85
5031 | Sophos Intercept X Advanced | Sophos | SO-IXA | cycle | Annual | 1 Year | 29.40 | 41.20
5032 | Sophos Email Advanced | Sophos | SO-EML | cycle | Monthly | 1 Year | 1.72 | 2.55
5033 | ESET PROTECT Advanced | ESET | ES-PA | cycle | Annual | 1 Year | 21.90 | 33.00
5034 | Hornetsecurity 365 Total Protection | Hornetsecurity | HS-TP | cycle | Monthly | 1 Month | 3.10 | 4.85
5035 | Hornetsecurity Email Signature | Hornetsecurity | HS-SIG | cycle | Monthly | 1 Month | 0.62 | 1.05
5036 | Adobe Creative Cloud All Apps | Adobe | AD-CCA | cycle | Monthly | 1 Year | 62.99 | 76.49
5037 | Adobe Acrobat Pro | Adobe | AD-ACP | cycle | Monthly | 1 Year | 17.84 | 22.10
5038 | Adobe Acrobat Sign Solutions | Adobe | AD-SIGN | cycle | Annual | 1 Year | 212.00 | 264.00
5039 | Dropbox Business Advanced | Dropbox | DB-ADV | cycle | Monthly | 1 Year | 14.40 | 18.00
5040 | Zoom Workplace Business | Zoom | ZM-BUS | cycle | Annual | 1 Year | 159.20 | 199.00
5041 | Keeper Business | Keeper | KP-BUS | cycle | Annual | 1 Year | 33.00 | 46.20
5042 | Proofpoint Essentials Business | Proofpoint | PP-BUS | cycle | Monthly | 1 Month | 2.05 | 3.25
5043 | KnowBe4 Security Awareness Diamond | KnowBe4 | KB4-D | cycle | Triennial | 3 Years | 52.80 | 73.50
5044 | Nextcloud Enterprise Standard | Nextcloud | NC-STD | cycle | Annual | 1 Year | 60.00 | 72.00
5045 | IONOS Cloud Cube L | IONOS | IO-CUBE | usage | Monthly | 1 Month | 0.0396 | 0.0495
5046 | Telephony minutes (SIP) | Sipgate | SG-MIN | usage | Monthly | 1 Month | 0.0090 | 0.0150
5047 | Telephony seat | Sipgate | SG-SEAT | cycle | Monthly | 1 Month | 6.95 | 9.95
5048 | Domain .de, per year | IONOS | DOM-DE | item | Annual | 1 Year | 7.90 | 12.00
5049 | Wildcard certificate | DigiCert | CERT-WC | item | Annual | 1 Year | 389.00 | 495.00
5050 | Onboarding package | Own services | SV-ONB | once | One time | | 0.00 | 1250.00
5051 | Migration per mailbox | Own services | SV-MIG | once | One time | | 12.00 | 35.00
5052 | Security workshop, half day | Own services | SV-WS | once | One time | | 300.00 | 890.00
5053 | Managed firewall | Own services | SV-FW | cycle | Monthly | 1 Year | 41.6667 | 79.00
5054 | Managed server patching | Own services | SV-PATCH | cycle | Monthly | 1 Month | 9.3333 | 24.90
5055 | Backup monitoring | Own services | SV-BMON | cycle | Quarterly | 1 Year | 30.00 | 59.70
5056 | Cloud storage "Größe L" <b>Aktion</b> | Own services | SV-STOR | cycle | Monthly | 1 Month | 3.33 | 6.66
5057 | New Relic One (beta) | New Relic | NR-ONE | cycle | Monthly | 1 Month | 49.00 | 59.00
5058 | Slack Pro 日本語 | Slack | SLK-PRO | cycle | Monthly | 1 Month | 6.75 | 8.25
5059 | Legacy Mail Archive | MailStore | MST-ARC | cycle | Monthly | 1 Year | 1.80 | 2.95
5060 | Marketplace fee adjustment | Marketplace | MKT-FEE | cycle | Monthly | 1 Month | 1.00 | 1.00
"""

DEFAULT_OFFER = "offer-default"  # what a custom invoice without a subscription carries
UNMAPPED_CUSTOMERS = frozenset({1039, 1040})
UNMAPPED_OFFERS = frozenset({5057, 5058})
INACTIVE_PRODUCT_OFFER = 5059

PLANTS = {
    "inactive product": "offer-5059 is mapped to a catalog item that is inactive",
    "ended agreement": "org-1015, contract B is mapped to an agreement that ended",
    "foreign currency": "org-1013, contract B: lines in USD, the agreement is in EUR",
    "unmapped": "org-1039, org-1040, offer-5057 and offer-5058 have no mapping",
}


@dataclass(frozen=True)
class Contract:
    """A contract of a customer; `kind` says what its agreement in ConnectWise is like."""

    letter: str
    kind: str
    customer: int

    @property
    def platform_id(self) -> str:
        return f"ctr-{self.customer}-{self.letter}"


@dataclass(frozen=True)
class Customer:
    """One customer under both its names: the Platform's, and the company's in ConnectWise."""

    number: int
    name: str
    reference: str
    company_name: str
    identifier: str
    city: str
    currency: str
    contracts: tuple[Contract, ...]

    @property
    def platform_id(self) -> str:
        return f"org-{self.number}"


@dataclass(frozen=True)
class Offer:
    """Something the reseller sells; `kind` says how it is charged, `cycle` and `term` how often."""

    number: int
    name: str
    vendor: str
    sku: str
    kind: str
    cycle: str
    term: str
    cost: Decimal
    price: Decimal

    @property
    def platform_id(self) -> str:
        return f"offer-{self.number}"


def _rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def _customer(row: list[str]) -> Customer:
    number = int(row[0])
    pairs = (word.split(":") for word in row[7].split())
    contracts = tuple(Contract(letter, kind, number) for letter, kind in pairs)
    return Customer(number, row[1], row[2], row[3], row[4], row[5], row[6], contracts)


@cache
def customers() -> tuple[Customer, ...]:
    """Everybody the invented reseller bills."""
    return tuple(_customer(row) for row in _rows(_CUSTOMERS))


@cache
def offers() -> tuple[Offer, ...]:
    """Everything it sells."""
    return tuple(
        Offer(int(number), name, vendor, sku, kind, cycle, term, Decimal(cost), Decimal(price))
        for number, name, vendor, sku, kind, cycle, term, cost, price in _rows(_OFFERS)
    )
