// A server's part of each key exchange beside the bare operations of OpenSSL that it is made of.
#pragma once

namespace noroshi::bench {

/// Prints a line for each, medians of `rounds` turns.
void compare_exchanges(int rounds, int times);

}  // namespace noroshi::bench
