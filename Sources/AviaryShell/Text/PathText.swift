import Records

// Paths as people type them: what is wrong with one is told before a server is asked.

extension Path {
    /// The path of a word, or why it is none.
    ///
    /// A sequential znode's may end in `/`, for a number will follow.
    init(typed word: String, isSequential: Bool = false) throws(CommandFailure) {
        let subject = isSequential ? word + "1" : word
        if let problem = Path.problem(of: subject) { throw CommandFailure(problem) }
        self.init(word)
    }

    /// What is wrong with a path, in the words scripts look for; nil for a good one.
    static func problem(of text: String) -> String? {
        let units = Array(text.utf16)
        let slash = UInt16(UInt8(ascii: "/"))
        guard let first = units.first else { return "Path length must be > 0" }
        guard first == slash else { return "Path must start with / character" }
        guard units.count > 1 else { return nil }
        guard units.last != slash else { return "Path must not end with / character" }
        var componentStart = 1
        for place in 1...units.count {
            if place < units.count, units[place] != slash {
                guard isForbidden(units[place]) else { continue }
                return told(
                    text, units[place] == 0 ? "null character not allowed" : "invalid character",
                    place)
            }
            let component = units[componentStart..<place]
            if component.isEmpty { return told(text, "empty node name specified", place) }
            let dots = component.allSatisfy { $0 == UInt16(UInt8(ascii: ".")) }
            if dots, component.count <= 2 {
                return told(text, "relative paths not allowed", place - 1)
            }
            componentStart = place + 1
        }
        return nil
    }

    private static func told(_ text: String, _ reason: String, _ place: Int) -> String {
        "Invalid path string \"\(text)\" caused by \(reason) @\(place)"
    }

    private static func isForbidden(_ unit: UInt16) -> Bool {
        switch unit {
        case 0x00...0x1f, 0x7f...0x9f, 0xd800...0xf8ff, 0xfff0...0xffff: true
        default: false
        }
    }
}
