"""The built-in rules as tables. Raise BUILT_IN with every change: history is judged anew by it.

Sources: the classes are those of the project's decisions; Gmail's two proxies, its prefetch and its sampling, Yahoo's,
Seznam's and Rambler's proxies and Apple's bare agent are what these services send as of 2026 and may change any day.
All pieces are casefolded and looked for anywhere in the casefolded agent, unless said otherwise.
"""

from __future__ import annotations

from app.opens.models import OpenClass

BUILT_IN = 1
BARE_APPLE = "mozilla/5.0"

ODD = (
    "mozilla",
    "mozilla/4.0",
    "mozilla/5.0 ()",
    "mozilla/5.0 (compatible)",
    "mozilla/5.0 (compatible;)",
    "mozilla/4.0 (compatible)",
    "mozilla/4.0 (compatible;)",
    "null",
    "(null)",
    "nil",
    "none",
    "undefined",
    "unknown",
    "user-agent",
    "test",
    "n/a",
    "hello world",
    "hello, world",
)
WHOLE: dict[str, tuple[OpenClass, str]] = {  # the agent is just this
    "": (OpenClass.BOT, "empty_agent"),
    BARE_APPLE: (OpenClass.PREFETCH, "apple_mpp"),  # Apple Mail Privacy Protection
} | dict.fromkeys(ODD, (OpenClass.BOT, "odd_agent"))

HOSTILE = ("<script", "${jndi", "() {", "../", "union select", "<?php", "' or ", "%00")

PROXIES = (
    ("googleimageproxy", "gmail_proxy"),
    ("via ggpht.com", "gmail_proxy"),
    ("yahoomailproxy", "yahoo_proxy"),
    ("seznamemailproxy", "seznam_proxy"),
    ("ramblermail", "rambler_proxy"),
    ("fastmailua", "fastmail_proxy"),
    ("shortwave image fetcher", "shortwave_proxy"),
)
PROXY_PATTERN = r"mail[ _-]?(?:image[ _-]?)?proxy"  # one that names itself so: "mail_proxy"

PREFETCH = (
    ("edge/12.246 mozilla/5.0", "gmail_prefetch"),
    ("chrome/42.0.2311.135 safari/537.36 edge/12.246", "gmail_prefetch"),  # an Edge that nobody uses since 2016
    ("gmail-content-sampling", "gmail_sampling"),
    ("chrome privacy preserving prefetch proxy", "chrome_prefetch"),
)

PREVIEWS = (  # of a link or picture in a chat, before anybody looks: "preview:<name>"
    ("whatsapp/", "WhatsApp"),
    ("facebookexternalhit", "Facebook"),
    ("facebookcatalog", "Facebook"),
    ("facebot", "Facebook"),
    ("meta-externalhit", "Facebook"),
    ("meta-externalfetcher", "Facebook"),
    ("slackbot", "Slack"),
    ("slack-imgproxy", "Slack"),
    ("telegrambot", "Telegram"),
    ("discordbot", "Discord"),
    ("twitterbot", "X"),
    ("linkedinbot", "LinkedIn"),
    ("skypeuripreview", "Microsoft Teams"),
    ("microsoftpreview/", "Microsoft"),
    ("bingpreview/", "Bing"),
    ("google web preview", "Google"),
    ("yahoo link preview", "Yahoo"),
    ("snap url preview", "Snapchat"),
    ("snapurlpreview", "Snapchat"),
    ("mattermost-bot", "Mattermost"),
    ("dingtalkbot-linkservice", "DingTalk"),
    ("chatwork linkpreview", "Chatwork"),
    ("kakaotalk-scrap", "KakaoTalk"),
    ("redditbot", "Reddit"),
    ("pinterestbot", "Pinterest"),
    ("embedly", "Embedly"),
    ("iframely", "Iframely"),
)

PHONES = (  # patterns of models and builds that a list of robots takes for one: cut out before it is asked
    r"cubot[^;)]*",
    r"ap3a\.240617\.008",  # an Android 15 build of Oppo, OnePlus and realme phones
)
# The model of an Android phone is a name somebody chose: it says nothing of robots. A slash is not in it, so that
# "Android 10; SomeBot/1.0" stays.
ANDROID_MODEL = r"(?<=android) [\d.]{1,10};(?: [a-z]{2}[-_][a-z]{2};)? [^;()/]{1,60}(?: build/[^;()]{1,80})?(?=[;)])"

GATEWAYS = (  # mail security that says its name: "gateway:<name>"
    ("mimecast", "Mimecast"),
    ("proofpoint", "Proofpoint"),
    ("barracuda", "Barracuda"),
    ("ironport", "Cisco"),
    ("messagelabs", "Symantec"),
    ("symantec", "Symantec"),
    ("forcepoint", "Forcepoint"),
    ("trendmicro", "Trend Micro"),
    ("trend micro", "Trend Micro"),
    ("sophos", "Sophos"),
    ("fireeye", "Trellix"),
    ("trellix", "Trellix"),
    ("zscaler", "Zscaler"),
    ("fortimail", "Fortinet"),
    ("fortiguard", "Fortinet"),
    ("fortisandbox", "Fortinet"),
    ("avanan", "Check Point"),
    ("harmony email", "Check Point"),
    ("hornetsecurity", "Hornetsecurity"),
    ("vadesecure", "Vade"),
    ("spamtitan", "SpamTitan"),
    ("spamassassin", "SpamAssassin"),
    ("rspamd", "Rspamd"),
    ("clamav", "ClamAV"),
    ("mailscanner", "MailScanner"),
    ("mailguard", "MailGuard"),
    ("ironscales", "IRONSCALES"),
    ("perception point", "Perception Point"),
    ("safelinks", "Microsoft Defender"),
    ("microsoft defender", "Microsoft Defender"),
    ("google-safety", "Google"),
    ("phishtank", "PhishTank"),
    ("urlscan", "urlscan"),
    ("virustotal", "VirusTotal"),
    ("netcraft", "Netcraft"),
    ("cloudmark", "Cloudmark"),
    ("mxtoolbox", "MxToolbox"),
    ("mail-tester", "mail-tester"),
    ("litmus", "Litmus"),
)

LIBRARIES = (  # HTTP libraries and command line tools: "library:<name>"
    ("curl/", "curl"),
    ("pycurl", "curl"),
    ("wget", "Wget"),
    ("python-requests", "python-requests"),
    ("python-urllib", "python-urllib"),
    ("python-httpx", "httpx"),
    ("aiohttp", "aiohttp"),
    ("okhttp", "okhttp"),
    ("go-http-client", "Go"),
    ("guzzle", "Guzzle"),
    ("postmanruntime", "Postman"),
    ("insomnia/", "Insomnia"),
    ("restsharp", "RestSharp"),
    ("faraday", "Faraday"),
    ("httpie", "HTTPie"),
    ("http_client", "HTTP client"),
    ("httpclient", "HTTP client"),
    ("http-client", "HTTP client"),
    ("libwww", "libwww"),
    ("typhoeus", "Typhoeus"),
    ("winhttp", "WinHTTP"),
    ("urlgrabber", "urlgrabber"),
    ("axios/", "axios"),
    ("node-fetch", "node-fetch"),
    ("powershell", "PowerShell"),
    ("microsoft-webdav", "Microsoft WebDAV"),
    ("microsoft office existence discovery", "Microsoft Office"),
    ("microsoft office protocol discovery", "Microsoft Office"),
)
# libraries again: an agent that begins with one of these words
LANGUAGES = {
    "java", "ruby", "php", "perl", "dart", "got", "node", "deno", "bun", "reqwest", "hyper", "undici", "python", "lua",
    "elixir", "erlang", "rust", "go", "nim",
}  # fmt: skip

# A robot that is on no list and says so: "self_named"
SELF_NAMED = (
    "crawler",
    "crawling",
    "spider",
    "scraper",
    "headless",
    "+http://",
    "+https://",
    "uptime",
    "monitoring",
    "linkcheck",
    "link check",
    "linkpreview",
    "link preview",
    "scanner",
    "validator",
    "fetcher",
)
BOT_PATTERN = r"(?<!cu)bots?(?:[/;:,)\s]|$)"

# On the public list of crawlers, but used by people or judged above.
NOT_CRAWLERS = frozenset(
    {
        "AP3A.240617.008",
        "MetaIAB Facebook",  # Facebook's own browser, in which its users read webmail
        "mail.ru",  # its crawler has an entry of its own
        "Fluid",  # a browser for one site
        "Code/1.",
        "Trae/",
        "Sonic",
        "Sogou",  # Sogou's browser; its spiders name themselves so
        "Daum/",
    }
)
