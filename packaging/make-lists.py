#!/usr/bin/env python3
"""Makes packs/lists and packs/never from a checkout of MISP/misp-warninglists (CC0-1.0).

    packaging/make-lists.py WARNINGLISTS [PACKS]

WARNINGLISTS holds NAME.json or NAME/list.json for each list. Ranges are aggregated; of parking providers' name servers
those of registrars are left out; nothing else is changed. What is
written by hand (public-resolvers, system-updates) is left alone."""

import ipaddress
import json
import pathlib
import re
import sys

# What each list's addresses are. "nt-scanning" lists come from CIRCL's network telescope.
FLAGS = {
    "vpn": ["vpn-ipv4", "vpn-ipv6"],
    "cloud": ["amazon-aws", "google-gcp", "microsoft-azure", "microsoft-azure-china", "microsoft-azure-germany", "microsoft-azure-us-gov", "oracle-oci"],
    "hosting": ["ovh-cluster"],
    "cdn": ["akamai", "bunny-net", "cloudflare", "fastly", "stackpath"],
    "relay": ["icloud-private-relay", "zscaler"],
    "carrier_nat": ["rfc6598"],
    "sinkhole": ["sinkholes"],
    "parking": ["parking-domain"],
    "scanner": [
        "alphastrike-research-nt-scanning", "bufferover-nt-scanning", "censys-scanning", "check-host-net", "circl-security-scanning",
        "circl-ssh-scanning", "coalition-signals-intelligence-nt-scanning", "cyberresilience-nt-scanning", "cypex-nt-scanning",
        "f6-nt-scanning", "googlebot", "internet-census-nt-scanning", "internetcleanup-scanner", "intrinsec-nt-scanning",
        "ipinfo-nt-scanning", "ipip-nt-scanning", "modat-nt-scanning", "modat-scanner", "netsecscan-nt-scanning",
        "onyphe-nt-scanning", "onyphe-scanner", "openai-gptbot", "palo-alto-networks-cortex-xpanse", "probethenet-nt-scanning",
        "rapid7-nt-scanning", "research-scanner-nt-scanning", "shadowforce-nt-scanning", "shadowserver", "shadowserver-nt-scanning",
        "shodan-nt-scanning", "shodan-scanning", "skipa-nt-scanning", "stretchoid-nt-scanning", "tenable-cloud-ipv4",
        "tenable-cloud-ipv6", "umich-cse-connection-attempts",
    ],
}
# Lists of names; each stands for itself and everything below.
NAMES = {"dynamic_dns": ["dynamic-dns"], "parking": ["parking-domain-ns"]}
# The list of parking providers' name servers has those of registrars and web hosts too, whose customers are not parked:
# only names are taken that say themselves what they are for.
PARKING = re.compile(r"park|sedo|expire|sale|afternic|above\.com|bodis|undeveloped|smartname|namefind|uniregistry|dan\.com|brandbucket|squadhelp")
# Never to be blocked. A popular site is one that at least three of these lists agree on: one list alone is easily gamed.
POPULAR = ["cisco_top1000", "cloudflare-top1k", "majestic_million", "moz-top500", "tranco10k"]
AGREE = 3
UPDATES = ["microsoft-win10-connection-endpoints", "crl-hostname"]
HASHES = ["empty-hashes"]


def load(folder, name):
    for path in (folder / f"{name}.json", folder / name / "list.json"):
        if path.exists():
            return json.loads(path.read_text())
    sys.exit(f"make-lists: {folder} has no list {name}")


def date_of(version, newest):
    """20260811 is a day, and so is 26081010 (the tenth edition of 2026-08-10); other versions only count."""
    text = str(version)
    for digits in (text, "20" + text):
        year, month, day = digits[:4], digits[4:6], digits[6:8]
        if len(digits) >= 8 and "2015" <= year <= "2035" and "01" <= month <= "12" and "01" <= day <= "31":
            return f"{year}-{month}-{day}"
    return newest


def ranges_of(entries):
    networks = []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry.strip(), strict=False))
        except ValueError:
            continue
    for version in (4, 6):
        for network in ipaddress.collapse_addresses(n for n in networks if n.version == version):
            yield str(network.network_address) if network.num_addresses == 1 else str(network)


def write(path, header, lines):
    text = "".join(f"# {key}: {value}\n" for key, value in header.items())
    path.write_text(text + "\n".join(lines) + "\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    packs = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parent.parent / "packs")
    sources = {name: load(folder, name) for names in FLAGS.values() for name in names}
    newest = max(date_of(source["version"], "") for source in sources.values())
    licence = "CC0-1.0, https://github.com/MISP/misp-warninglists"
    for flag, names in FLAGS.items():
        for name in names:
            source = sources[name]
            header = {"name": source["name"], "flag": flag, "date": date_of(source["version"], newest), "from": f"{name}, {licence}"}
            write(packs / "lists" / f"{name}.list", header, ranges_of(source["list"]))
    for flag, names in NAMES.items():
        for name in names:
            source = load(folder, name)
            entries = {entry.strip().lower().strip(".") for entry in source["list"]}
            if flag == "parking":
                entries = {entry for entry in entries if PARKING.search(entry)}
            header = {"name": source["name"], "flag": flag, "date": date_of(source["version"], newest), "from": f"{name}, {licence}"}
            write(packs / "lists" / f"{name}.list", header, sorted(entry for entry in entries if "." in entry and "----" not in entry))
    votes = {}
    for name in POPULAR:
        for entry in {entry.strip().lower().removeprefix("www.") for entry in load(folder, name)["list"]}:
            votes[entry] = votes.get(entry, 0) + 1
    # RFC 2606: documentation uses them, and nobody's site is there.
    reserved = {"example.com", "example.net", "example.org"}
    popular = sorted(name for name, count in votes.items() if count >= AGREE and "." in name and name not in reserved)
    write(packs / "never" / "top-sites.list", {"name": "Top sites", "date": newest, "from": f"at least {AGREE} of {', '.join(POPULAR)}, {licence}"}, popular)
    names = sorted({entry.strip().lower().lstrip("*.") for name in UPDATES for entry in load(folder, name)["list"] if "." in entry})
    write(packs / "never" / "vendor-endpoints.list", {"name": "Update and certificate servers", "date": newest, "from": f"{', '.join(UPDATES)}, {licence}"}, names)
    lengths = {32, 40, 64, 128}  # MD5, SHA-1, SHA-256, SHA-512
    hashes = sorted({entry.strip().lower() for name in HASHES for entry in load(folder, name)["list"] if len(entry.strip()) in lengths})
    write(packs / "never" / "empty-hashes.list", {"name": "Hashes of nothing", "date": newest, "from": f"{', '.join(HASHES)}, {licence}"}, hashes)


if __name__ == "__main__":
    main()
