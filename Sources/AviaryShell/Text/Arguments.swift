/// An option a command knows: a letter, or a word, with or without a value.
struct OptionRule: Sendable {
    var name: String
    var takesValue: Bool
    var help: String

    static func flag(_ name: String, _ help: String = "") -> OptionRule {
        OptionRule(name: name, takesValue: false, help: help)
    }

    static func value(_ name: String, _ help: String = "") -> OptionRule {
        OptionRule(name: name, takesValue: true, help: help)
    }
}

/// What stands behind a command's name: options, wherever they stand, and the words between.
struct Arguments: Equatable {
    /// The words that are no options.
    private(set) var words: [String] = []
    private var flags: Set<String> = []
    private var values: [String: String] = [:]

    /// Sorts the words out by the rules of a command.
    ///
    /// Letters may stand together (`-sw`), a value may follow at once (`-v3`), `--` ends the
    /// options, and a number is never an option.
    init(_ input: some Sequence<String>, rules: [OptionRule]) throws(CommandFailure) {
        var rest = Array(input)[...]
        while let word = rest.popFirst() {
            if word == "--" {
                words += rest
                return
            }
            guard word.hasPrefix("-"), word.count > 1 else {
                words.append(word)
                continue
            }
            let letters = word.dropFirst()
            if Int64(word) != nil, !rules.contains(where: { $0.name == letters.prefix(1) }) {
                words.append(word)
                continue
            }
            try take(letters, of: word, rules: rules, rest: &rest)
        }
    }

    private mutating func take(
        _ letters: Substring, of word: String, rules: [OptionRule], rest: inout ArraySlice<String>
    ) throws(CommandFailure) {
        var letters = letters
        while let letter = letters.first {
            // A word is an option of its own; letters may stand together.
            let name = rules.contains { $0.name == letters } ? letters : letters.prefix(1)
            guard let rule = rules.first(where: { $0.name == name }) else {
                throw CommandFailure("Unrecognized option: \(word)")
            }
            letters = letters.dropFirst(name.count)
            guard rule.takesValue else {
                flags.insert(rule.name)
                continue
            }
            guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else {
                throw CommandFailure("Missing argument for option: \(letter)")
            }
            values[rule.name] = value
            return
        }
    }

    /// Whether a flag was given.
    func has(_ option: String) -> Bool { flags.contains(option) }

    /// The value of an option, nil where it was not given.
    func value(_ option: String) -> String? { values[option] }

    /// A version from `-v`: -1, any, where it was not given.
    func version() throws(CommandFailure) -> Int32 {
        guard let text = values["v"] else { return -1 }
        guard let version = Int32(text) else {
            throw CommandFailure("-v takes a version number, which \(text) is not")
        }
        return version
    }
}
