import Records

/// What servers said over election links that are gone comes once more over new ones.
///
/// A server repeats what it said last when it is connected anew, as it cannot know what has arrived;
/// here anything of the last few may be repeated, in any number.
struct ElectionEcho {
    private struct Way: Hashable {
        var from: Int
        var to: Int
    }

    private static let keptCount = 5

    private var random: SeededGenerator
    private let isOn: Bool
    /// What was said lately, the oldest first.
    private var said: [Way: [[UInt8]]] = [:]
    /// The link over which something was said last.
    private var links: [Way: SimulatedNetwork.End] = [:]
    /// How much was said once more.
    private(set) var count = 0

    init(random: SeededGenerator) {
        self.random = random
        self.isOn = self.random.chance(1, in: 2)
    }

    /// What goes out when a server says this.
    mutating func frames(
        _ bytes: [UInt8], on end: SimulatedNetwork.End, from: Int, to: Int?
    ) -> [[UInt8]] {
        // A greeting begins with a negative number, a notification with its length.
        guard isOn, let to, bytes.first == 0 else { return [bytes] }
        let way = Way(from: from, to: to)
        var frames: [[UInt8]] = []
        if links.updateValue(end, forKey: way) != end {
            for old in said[way] ?? [] where random.chance(1, in: 3) { frames.append(old) }
            count += frames.count
        }
        said[way, default: []].append(bytes)
        if said[way]?.count ?? 0 > ElectionEcho.keptCount { said[way]?.removeFirst() }
        return frames + [bytes]
    }

    /// A server that has died remembers nothing, and what was on its way to it is gone; what was
    /// said to it last the others repeat of their own accord.
    mutating func forget(_ host: Int) {
        said = said.filter { $0.key.from != host && $0.key.to != host }
        links = links.filter { $0.key.from != host }
    }
}
