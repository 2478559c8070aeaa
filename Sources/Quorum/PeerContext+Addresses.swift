import Records

// Which of several addresses of a server is dialed: the one that answered last, and the next when it
// does not. Both ports of an address are at the same host, so what one has shown counts for the other.

extension PeerContext {
    /// The address that is dialed now; nil if there is none.
    func preferred(of endpoints: [Endpoint], _ server: ServerID) -> Endpoint? {
        guard endpoints.count > 1 else { return endpoints.first }
        return endpoints[addressTurns[server, default: 0] % endpoints.count]
    }

    /// The address that was dialed does not answer: the next is to be dialed.
    mutating func preferNext(of endpoints: [Endpoint], _ server: ServerID) {
        guard endpoints.count > 1 else { return }
        addressTurns[server] = (addressTurns[server, default: 0] + 1) % endpoints.count
    }

    /// How long an address is waited for while there is another.
    var addressPatience: Int64 {
        min(settings.addressPatience ?? .max, settings.connectTimeout)
    }
}
