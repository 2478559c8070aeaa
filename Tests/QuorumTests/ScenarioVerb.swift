import Records

/// Why a line of a scenario cannot be performed.
struct ScenarioMistake: Error, CustomStringConvertible {
    var description: String

    init(_ line: String, _ problem: String) { description = "\"\(line)\": \(problem)" }
}

/// A line of a scenario: a verb and its words.
///
/// Servers have numbers from 1, as their ids; a zxid is written as epoch.counter.
struct ScenarioVerb {
    let line: String
    let name: String
    let words: [String]

    init(_ line: String) {
        self.line = line
        var words = line.split(separator: " ").map(String.init)
        self.name = words.isEmpty ? "" : words.removeFirst()
        self.words = words
    }

    func mistake(_ problem: String) -> ScenarioMistake { ScenarioMistake(line, problem) }

    func word(_ place: Int) throws(ScenarioMistake) -> String {
        guard words.indices.contains(place) else { throw mistake("a word is missing") }
        return words[place]
    }

    func number(_ place: Int) throws(ScenarioMistake) -> Int {
        let text = try word(place)
        guard let number = Int(text), number >= 0 else { throw mistake("\(text) is no number") }
        return number
    }

    func epoch(_ place: Int) throws(ScenarioMistake) -> Epoch {
        guard let number = Int32(exactly: try number(place)) else {
            throw mistake("an epoch that large")
        }
        return Epoch(number)
    }

    func zxid(_ place: Int) throws(ScenarioMistake) -> Zxid {
        let text = try word(place)
        let halves = text.split(separator: ".").compactMap { UInt16($0) }
        guard halves.count == 2 else { throw mistake("\(text) is no zxid") }
        return Zxid(epoch: Epoch(Int32(halves[0])), counter: UInt32(halves[1]))
    }
}
