// Which protocol a single datagram speaks, and what it asks for where that tells an abuse from a use.
#pragma once

#include <string_view>

namespace noroshi::codec {

struct RecognisedDatagram {
  std::string_view protocol;  // "sip", "dns"…; empty: none that we are sure of
  std::string_view asks;      // "monlist", "any"…: what amplification asks for; empty: nothing of note
};

/// SIP, DNS (mDNS and LLMNR too), NTP, SNMP, SSDP, memcached, IKE, STUN, CoAP, TFTP, NetBIOS names, ONC RPC (portmap),
/// DTLS, QUIC, CLDAP, BitTorrent DHT, game server queries, WS-Discovery.
auto recognise_datagram(std::string_view bytes) -> RecognisedDatagram;

}  // namespace noroshi::codec
