public import Jute

/// A host and a port; the host is a name or a literal address, and is resolved at every dial.
public struct Endpoint: Hashable, Sendable {
    /// A name, an IPv4 or an IPv6 literal (without brackets).
    public var host: ByteString
    /// 1 to 65535.
    public var port: UInt16

    /// Makes one of these values.
    public init(host: ByteString, port: UInt16) {
        self.host = host
        self.port = port
    }
}

extension Endpoint: CustomStringConvertible {
    /// `host:port`, an IPv6 literal in brackets.
    public var description: String {
        let text = host.description
        return text.utf8.contains(UInt8(ascii: ":")) ? "[\(text)]:\(port)" : "\(text):\(port)"
    }
}

/// Whether a member votes.
public enum MemberRole: Hashable, Sendable {
    /// Votes in elections and counts in quorums.
    case participant
    /// Receives all, votes never.
    case observer
}

/// One server as the ensemble's configuration has it.
public struct Member: Hashable, Sendable {
    /// The id.
    public var id: ServerID
    /// Where learners reach it while it leads.
    public var quorum: Endpoint
    /// Where its peers reach it in elections.
    public var election: Endpoint
    /// Where clients reach it, if the configuration says so.
    public var client: Endpoint?
    /// Whether it votes.
    public var role: MemberRole
    /// Its other addresses, which hardly any server has (`multiAddress.enabled`).
    public private(set) var further: [Address] = []

    /// A host of a server, with the ports on which it waits for its peers.
    public struct Address: Hashable, Sendable {
        /// Where learners reach it while it leads.
        public var quorum: Endpoint
        /// Where its peers reach it in elections.
        public var election: Endpoint

        /// Makes one of these values.
        public init(quorum: Endpoint, election: Endpoint) {
            self.quorum = quorum
            self.election = election
        }
    }

    /// Makes one of these values.
    public init(
        id: ServerID, quorum: Endpoint, election: Endpoint, client: Endpoint?, role: MemberRole
    ) {
        self.id = id
        self.quorum = quorum
        self.election = election
        self.client = client
        self.role = role
    }

    /// A member with several addresses, in whatever order; nil without any.
    ///
    /// They are kept in the order of their hosts, in which Apache ZooKeeper writes them.
    public init?(id: ServerID, addresses: [Address], client: Endpoint?, role: MemberRole) {
        let sorted = Set(addresses).sorted {
            if $0.quorum.host != $1.quorum.host {
                return $0.quorum.host.bytes.lexicographicallyPrecedes($1.quorum.host.bytes)
            }
            return ($0.quorum.port, $0.election.port) < ($1.quorum.port, $1.election.port)
        }
        guard let first = sorted.first else { return nil }
        self.init(
            id: id, quorum: first.quorum, election: first.election, client: client, role: role)
        self.further = Array(sorted.dropFirst())
    }

    /// All its addresses.
    public var addresses: [Address] { [Address(quorum: quorum, election: election)] + further }
    /// Everywhere that learners reach it while it leads.
    public var quorumEndpoints: [Endpoint] { [quorum] + further.map(\.quorum) }
    /// Everywhere that its peers reach it in elections.
    public var electionEndpoints: [Endpoint] { [election] + further.map(\.election) }
}

/// Who belongs to the ensemble, who votes, and with what weight: one version of its configuration.
///
/// Text forms are Configuration's; quorum arithmetic is Quorum's.
public struct Membership: Equatable, Sendable {
    /// 0 until the first leader establishes it; then the zxid that did.
    public var version: Int64
    /// Ascending by id, each id once.
    public var members: [Member] { didSet { voters = Membership.voters(of: members) } }
    /// The ids of those that vote, ascending.
    ///
    /// Kept, as whoever counts acknowledgements asks with each of them.
    public private(set) var voters: [ServerID]
    /// Hierarchical quorums: group number to its servers.
    ///
    /// Empty for plain majorities.
    public var groups: [Int64: [ServerID]]
    /// Hierarchical quorums: weights that are not 1.
    public var weights: [ServerID: Int64]
    /// Whether the configuration uses groups or weights at all.
    public var isHierarchical: Bool

    /// Makes one of these values.
    public init(
        version: Int64, members: [Member], groups: [Int64: [ServerID]] = [:],
        weights: [ServerID: Int64] = [:], isHierarchical: Bool = false
    ) {
        self.version = version
        let sorted = members.sorted { $0.id < $1.id }
        self.members = sorted
        self.voters = Membership.voters(of: sorted)
        self.groups = groups
        // Apache ZooKeeper writes them; a configuration that says 1 is the one that says nothing.
        self.weights = weights.filter { $0.value != 1 }
        self.isHierarchical = isHierarchical
    }

    /// The member with this id.
    public func member(_ id: ServerID) -> Member? { members.first { $0.id == id } }

    private static func voters(of members: [Member]) -> [ServerID] {
        members.filter { $0.role == .participant }.map(\.id)
    }

    /// The ids of those that do not vote, ascending.
    public var observers: [ServerID] { members.filter { $0.role == .observer }.map(\.id) }

    /// Whether `id` votes.
    public func isVoter(_ id: ServerID) -> Bool { voters.contains(id) }
}
