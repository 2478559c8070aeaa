// How many servers may still fail: what one wants to know before touching any of them.

/// The arithmetic of a quorum, with groups and weights where there are some.
public struct QuorumArithmetic: Equatable, Sendable {
    /// A participant.
    public struct Voter: Equatable, Sendable {
        /// Nil outside hierarchical quorums.
        public var group: Int?
        /// What its vote counts within its group.
        public var weight: Int
        /// Whether it serves clients now, so belongs to a quorum.
        public var isServing: Bool

        /// Makes one of these values.
        public init(group: Int? = nil, weight: Int = 1, isServing: Bool) {
            self.group = group
            self.weight = weight
            self.isServing = isServing
        }
    }

    /// How many participants, or in a hierarchical quorum groups, there are.
    public let count: Int
    /// How many of them are needed.
    public let needed: Int
    /// How many of them serve; a group does with a majority of its weight.
    public let serving: Int
    /// How many more servers may fail, whichever they are; nil without a quorum.
    public let mayFail: Int?
    /// How many servers more must serve for a quorum.
    public let missing: Int
    /// Whether these are groups.
    public let isHierarchical: Bool

    /// Counts the participants.
    public init(_ voters: [Voter]) {
        isHierarchical = voters.contains { $0.group != nil }
        guard isHierarchical else {
            count = voters.count
            needed = voters.count / 2 + 1
            serving = voters.count { $0.isServing }
            mayFail = serving >= needed ? serving - needed : nil
            missing = max(0, needed - serving)
            return
        }
        let groups = Dictionary(grouping: voters.filter { $0.weight > 0 }) { $0.group ?? 0 }
        let losses = groups.values.map(QuorumArithmetic.lossesToFall)
        let gains = groups.values.map(QuorumArithmetic.gainsToStand)
        count = groups.count
        needed = groups.count / 2 + 1
        serving = gains.count { $0 == 0 }
        let spare = serving - needed
        mayFail =
            spare < 0
            ? nil : losses.filter { $0 > 0 }.sorted().prefix(spare + 1).reduce(0, +) - 1
        missing = gains.filter { $0 > 0 }.sorted().prefix(max(0, -spare)).reduce(0, +)
    }

    /// How few servers, when lost, take the majority of the weight from a group; 0 if it has none.
    private static func lossesToFall(_ voters: [Voter]) -> Int {
        let half = voters.reduce(0) { $0 + $1.weight }
        var weight = voters.reduce(0) { $0 + ($1.isServing ? $1.weight : 0) }
        var losses = 0
        for voter in voters.filter(\.isServing).sorted(by: { $0.weight > $1.weight })
        where weight * 2 > half {
            weight -= voter.weight
            losses += 1
        }
        return losses
    }

    /// How few servers give a group the majority of its weight; 0 if it has it.
    private static func gainsToStand(_ voters: [Voter]) -> Int {
        let half = voters.reduce(0) { $0 + $1.weight }
        var weight = voters.reduce(0) { $0 + ($1.isServing ? $1.weight : 0) }
        var gains = 0
        for voter in voters.filter({ !$0.isServing }).sorted(by: { $0.weight > $1.weight })
        where weight * 2 <= half {
            weight += voter.weight
            gains += 1
        }
        return gains
    }

    /// "3 of 5 needed, 4 serving, 1 more may fail".
    public var text: String {
        let start =
            isHierarchical
            ? "\(needed) of \(count) groups needed, \(serving) with their majority"
            : "\(needed) of \(count) needed, \(serving) serving"
        guard let mayFail else { return "\(start), no quorum: \(missing) more must serve" }
        let whom = isHierarchical ? mayFail == 1 ? "server " : "servers " : ""
        return "\(start), \(mayFail) more \(whom)may fail"
    }

    /// The same for programs.
    public var json: JSONValue {
        .object([
            JSONValue.Field("count", .integer(count)), JSONValue.Field("needed", .integer(needed)),
            JSONValue.Field("serving", .integer(serving)),
            JSONValue.Field("mayFail", JSONValue(mayFail)),
            JSONValue.Field("missing", .integer(missing)),
            JSONValue.Field("hierarchical", .bool(isHierarchical)),
            JSONValue.Field("text", .string(text)),
        ])
    }
}
