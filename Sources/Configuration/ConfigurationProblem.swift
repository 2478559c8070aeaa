/// Something that a configuration says wrong, or that deserves a second look.
public struct ConfigurationProblem: Error, Equatable, Sendable {
    /// Whether the server can start with it.
    public enum Severity: Sendable {
        case warning
        case error
    }

    /// The severity.
    public var severity: Severity
    /// The file.
    public var file: String
    /// Counted from 1; nil when it is about the file as a whole.
    public var line: Int?
    /// What is wrong, and what to do.
    public var message: String

    /// Makes one of these values.
    public init(_ severity: Severity, _ message: String, file: String, line: Int?) {
        self.severity = severity
        self.file = file
        self.line = line
        self.message = message
    }
}

extension ConfigurationProblem: CustomStringConvertible {
    /// `file:line: error: message`.
    public var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return "\(place): \(severity == .error ? "error" : "warning"): \(message)"
    }
}

/// Finds the word somebody probably meant.
public enum NearestWord {
    /// The candidate with the fewest edits, if it is near enough to be a slip of the hand.
    public static func of(_ word: String, in candidates: some Sequence<String>) -> String? {
        let wanted = word.lowercased()
        var best: (word: String, distance: Int)?
        for candidate in candidates.sorted() {
            let distance = distance(Array(wanted.utf8), Array(candidate.lowercased().utf8))
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, wanted.utf8.count / 3) else { return nil }
        return best.word
    }

    /// Insertions, deletions and replacements between two words (Levenshtein).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (byte == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
