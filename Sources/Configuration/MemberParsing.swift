import Jute
public import Records

// `server.N=host:quorum:election[|host:quorum:election…][:role][;[host:]client]`, and whole
// memberships in text.

extension Member {
    /// Parses the value of a `server.N` entry.
    ///
    /// - Throws: what is wrong, as a clause for an error message.
    public init(id: ServerID, parsing value: String) throws(MembershipProblem) {
        let halves = value[...].pieces(separatedBy: ";")
        guard halves.count <= 2 else {
            throw MembershipProblem("has more than one ';' in \"\(value)\"")
        }
        var addresses: [Address] = []
        var role: MemberRole?
        for text in halves[0].pieces(separatedBy: "|") {
            let parts = try Member.fields(text)
            guard parts.count == 3 || parts.count == 4 else {
                throw MembershipProblem(
                    "\"\(value)\" must be host:quorumPort:electionPort[:role][;clientPort]")
            }
            addresses.append(try Member.address(parts, in: value))
            guard parts.count == 4 else { continue }
            let stated = try Member.role(parts[3])
            guard role == nil || role == stated else {
                throw MembershipProblem("has addresses of different roles in \"\(value)\"")
            }
            role = stated
        }
        let client = try halves.count == 2 ? Member.clientEndpoint(halves[1], in: value) : nil
        guard addresses.count <= Member.addressesMax,
            let member = Member(
                id: id, addresses: addresses, client: client, role: role ?? .participant)
        else {
            throw MembershipProblem("has more than \(Member.addressesMax) addresses")
        }
        self = member
    }

    /// How many addresses a server can have.
    private static let addressesMax = 32

    private static func address(
        _ parts: [Substring], in value: String
    ) throws(MembershipProblem) -> Address {
        let quorum = try port(parts[1], in: value)
        let election = try port(parts[2], in: value)
        guard quorum != election else {
            throw MembershipProblem("has the same quorum and election port in \"\(value)\"")
        }
        let host = ByteString(parts[0])
        return Address(
            quorum: Endpoint(host: host, port: quorum),
            election: Endpoint(host: host, port: election))
    }

    private static func role(_ text: Substring) throws(MembershipProblem) -> MemberRole {
        switch String(text).trimmed.lowercased() {
        case "participant": return .participant
        case "observer": return .observer
        default:
            throw MembershipProblem(
                "has the role \"\(text)\"; it is either participant or observer")
        }
    }

    private static func port(
        _ text: Substring, in value: String
    ) throws(MembershipProblem) -> UInt16 {
        guard let port = UInt16(text), port > 0 else {
            throw MembershipProblem(
                "has the port \"\(text)\" in \"\(value)\"; ports are 1 to 65535")
        }
        return port
    }

    private static func clientEndpoint(
        _ text: Substring, in value: String
    ) throws(MembershipProblem) -> Endpoint {
        let parts = try fields(text)
        guard parts.count <= 2, let last = parts.last else {
            throw MembershipProblem("has the client address \"\(text)\"; it is [host:]port")
        }
        let host = parts.count == 2 ? ByteString(parts[0]) : "0.0.0.0"
        return Endpoint(host: host, port: try port(last, in: value))
    }

    /// Splits at colons, but for those within brackets, which are an IPv6 address.
    private static func fields(_ text: Substring) throws(MembershipProblem) -> [Substring] {
        guard text.first == "[" else {
            return text.pieces(separatedBy: ":")
        }
        guard let end = text.firstIndex(of: "]") else {
            throw MembershipProblem("opens a '[' that is not closed in \"\(text)\"")
        }
        let host = text[text.index(after: text.startIndex)..<end]
        let rest = text[text.index(after: end)...]
        guard rest.isEmpty || rest.first == ":" else {
            throw MembershipProblem("has something between ']' and ':' in \"\(text)\"")
        }
        if rest.isEmpty { return [host] }
        return [host] + rest.dropFirst().pieces(separatedBy: ":")
    }
}

/// What is wrong with the text of a membership.
public struct MembershipProblem: Error, Equatable, Sendable {
    /// A clause that follows the key in an error message.
    public var message: String
    /// The line, counted from 1, where it is known.
    public var line: Int?

    init(_ message: String, line: Int? = nil) {
        self.message = message
        self.line = line
    }
}

extension Membership {
    /// Keys of clients that look like those of members.
    private static let lookalikes: Set<String> = ["server.realm", "server.principal"]

    /// Whether a key of zoo.cfg belongs to the membership.
    public static func isKey(_ key: String) -> Bool {
        (key.hasPrefix("server.") && !lookalikes.contains(key))
            || key.hasPrefix("group") || key.hasPrefix("weight")
    }

    /// A membership from its entries.
    ///
    /// - Throws: the first thing that is wrong, with its line.
    public init(
        version: Int64, entries: [PropertiesFile.Entry]
    ) throws(MembershipProblem) {
        var members: [ServerID: Member] = [:]
        var groups: [Int64: [ServerID]] = [:]
        var weights: [ServerID: Int64] = [:]
        for entry in entries where Membership.isKey(entry.key) {
            let parts = entry.key.split(
                separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let number = Int64(parts[1]), number >= 0 else {
                throw MembershipProblem(
                    "\(entry.key) must end in a number, as in \(parts[0]).1", line: entry.line)
            }
            do throws(MembershipProblem) {
                switch parts[0] {
                case "server":
                    let id = ServerID(number)
                    members[id] = try Member(id: id, parsing: entry.value)
                case "group": groups[number] = try Membership.ids(entry.value)
                default:
                    guard let weight = Int64(entry.value.trimmed),
                        (0...Int64(Int32.max)).contains(weight)
                    else {
                        throw MembershipProblem("must be a number from 0 to \(Int32.max)")
                    }
                    weights[ServerID(number)] = weight
                }
            } catch {
                throw MembershipProblem("\(entry.key) \(error.message)", line: entry.line)
            }
        }
        self.init(
            version: version, members: Array(members.values), groups: groups, weights: weights,
            isHierarchical: !groups.isEmpty || !weights.isEmpty)
        try checkGroups()
    }

    private static func ids(_ value: String) throws(MembershipProblem) -> [ServerID] {
        var ids: [ServerID] = []
        for part in value.trimmed.split(separator: ":") {
            guard let id = Int64(part) else {
                throw MembershipProblem("must be server ids separated by ':'")
            }
            ids.append(ServerID(id))
        }
        return ids
    }

    private func checkGroups() throws(MembershipProblem) {
        guard isHierarchical else { return }
        for voter in voters {
            let count = groups.values.count { $0.contains(voter) }
            if count == 0 { throw MembershipProblem("server.\(voter) is not in a group") }
            if count > 1 { throw MembershipProblem("server.\(voter) is in multiple groups") }
        }
    }

    /// A membership from the text that is in notifications, NEWLEADER and `/zookeeper/config`.
    public init(text: [UInt8]) throws(MembershipProblem) {
        let file = PropertiesFile(String(decoding: text, as: UTF8.self))
        var version: Int64 = 0
        if let entry = file["version"] {
            guard let value = UInt64(entry.value.trimmed, radix: 16) else {
                throw MembershipProblem("version is not a hexadecimal number", line: entry.line)
            }
            version = Int64(bitPattern: value)
        }
        try self.init(version: version, entries: file.entries)
    }
}

extension String {
    /// Without blanks at either end.
    var trimmed: String {
        var bytes = Substring(self).utf8
        func isBlank(_ byte: UInt8) -> Bool {
            switch UnicodeScalar(byte) {
            case " ", "\t", "\r", "\n", "\u{c}": true
            default: false
            }
        }
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return String(Substring(bytes))
    }
}

extension Substring {
    /// The pieces between all separators, also empty ones.
    fileprivate func pieces(separatedBy separator: Unicode.Scalar) -> [Substring] {
        // By bytes: what a character is takes long to find out, and does not matter here.
        utf8.split(separator: UInt8(ascii: separator), omittingEmptySubsequences: false)
            .map(Substring.init)
    }
}
