/// An option a command knows: one letter, with or without a value.
struct OptionRule: Sendable {
    var letter: Character
    var takesValue: Bool
    var help: String

    static func flag(_ letter: Character, _ help: String = "") -> OptionRule {
        OptionRule(letter: letter, takesValue: false, help: help)
    }

    static func value(_ letter: Character, _ help: String = "") -> OptionRule {
        OptionRule(letter: letter, takesValue: true, help: help)
    }
}

/// What stands behind a command's name: options, wherever they stand, and the words between.
struct Arguments: Equatable {
    /// The words that are no options.
    private(set) var words: [String] = []
    private var flags: Set<Character> = []
    private var values: [Character: String] = [:]

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
            if Int64(word) != nil, !rules.contains(where: { $0.letter == letters.first }) {
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
        while let letter = letters.popFirst() {
            guard let rule = rules.first(where: { $0.letter == letter }) else {
                throw CommandFailure("Unrecognized option: \(word)")
            }
            guard rule.takesValue else {
                flags.insert(letter)
                continue
            }
            guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else {
                throw CommandFailure("Missing argument for option: \(letter)")
            }
            values[letter] = value
            return
        }
    }

    /// Whether a flag was given.
    func has(_ letter: Character) -> Bool { flags.contains(letter) }

    /// The value of an option, nil where it was not given.
    func value(_ letter: Character) -> String? { values[letter] }

    /// A version from `-v`: -1, any, where it was not given.
    func version() throws(CommandFailure) -> Int32 {
        guard let text = values["v"] else { return -1 }
        guard let version = Int32(text) else {
            throw CommandFailure("-v takes a version number, which \(text) is not")
        }
        return version
    }
}
