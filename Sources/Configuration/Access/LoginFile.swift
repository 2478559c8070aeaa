/// A JAAS file: sections with the names and passwords of those who can log in by SASL.
///
///     Server {
///         org.apache.zookeeper.server.auth.DigestLoginModule required
///         user_super="adminsecret"
///         user_bob="bobsecret";
///     };
///
/// Only the module above is known, which is DIGEST-MD5; the others need Kerberos.
public struct LoginFile: Equatable, Sendable {
    /// What stands between the braces of a section, up to a semicolon.
    public struct Entry: Equatable, Sendable {
        /// The Java class.
        public var module: String
        /// In the order of the file.
        public var options: [Option]
    }

    /// An option of an entry: `key=value`.
    public struct Option: Equatable, Sendable {
        /// Before the equals sign.
        public var key: String
        /// After it, without quotes.
        public var value: String
    }

    /// By name.
    public private(set) var sections: [String: [Entry]] = [:]

    /// The module of names and passwords.
    public static let digestModule = "org.apache.zookeeper.server.auth.DigestLoginModule"

    /// Reads `text`.
    ///
    /// Throws the problem with the line where it stands.
    public init(_ text: String, file: String) throws(ConfigurationProblem) {
        var scanner = LoginFileScanner(text, file: file)
        while try !scanner.isAtEnd() {
            let name = try scanner.word("the name of a section")
            try scanner.expect("{")
            var entries: [Entry] = []
            while try !scanner.skip("}") { entries.append(try LoginFile.entry(&scanner)) }
            try scanner.expect(";")
            sections[name] = entries
        }
    }

    private static func entry(
        _ scanner: inout LoginFileScanner
    ) throws(ConfigurationProblem) -> Entry {
        let module = try scanner.word("the name of a login module")
        let flag = try scanner.word("required, requisite, sufficient or optional")
        guard ["required", "requisite", "sufficient", "optional"].contains(flag.lowercased())
        else {
            throw scanner.problem(
                "\(flag): it is one of required, requisite, sufficient and optional")
        }
        var options: [Option] = []
        while try !scanner.skip(";") {
            let key = try scanner.word("the name of an option, or ;")
            try scanner.expect("=")
            options.append(Option(key: key, value: try scanner.word("a value")))
        }
        return Entry(module: module, options: options)
    }

    /// The passwords by user of a section, or nil if there is no such section.
    ///
    /// Throws if it needs Kerberos.
    public func users(
        of section: String, file: String
    ) throws(ConfigurationProblem) -> [String: String]? {
        guard let options = try options(of: section, file: file) else { return nil }
        var users: [String: String] = [:]
        for option in options where option.key.hasPrefix("user_") {
            users[String(option.key.dropFirst(5))] = option.value
        }
        return users
    }

    /// The name and password with which a section logs in elsewhere, or nil if it has none.
    ///
    /// Throws if it needs Kerberos.
    public func credentials(
        of section: String, file: String
    ) throws(ConfigurationProblem) -> (user: String, password: String)? {
        let options = try options(of: section, file: file) ?? []
        guard let user = options.last(where: { $0.key == "username" })?.value,
            let password = options.last(where: { $0.key == "password" })?.value
        else { return nil }
        return (user, password)
    }

    private func options(
        of section: String, file: String
    ) throws(ConfigurationProblem) -> [Option]? {
        guard let entries = sections[section] else { return nil }
        for entry in entries where entry.module != LoginFile.digestModule {
            throw ConfigurationProblem(
                .error,
                "\(section) uses \(entry.module); only \(LoginFile.digestModule) is there",
                file: file, line: nil)
        }
        return entries.flatMap(\.options)
    }
}

/// Cuts a JAAS file into words and punctuation.
struct LoginFileScanner {
    private let scalars: [Unicode.Scalar]
    private let file: String
    private var index = 0
    private var line = 1

    init(_ text: String, file: String) {
        self.scalars = Array(text.unicodeScalars)
        self.file = file
    }

    func problem(_ message: String) -> ConfigurationProblem {
        ConfigurationProblem(.error, message, file: file, line: line)
    }

    private mutating func advance() {
        if scalars[index] == "\n" { line += 1 }
        index += 1
    }

    private func starts(with text: String) -> Bool {
        scalars[index...].starts(with: text.unicodeScalars)
    }

    private mutating func skipBlanksAndComments() throws(ConfigurationProblem) {
        while index < scalars.count {
            if scalars[index].properties.isWhitespace {
                advance()
            } else if scalars[index] == "#" || starts(with: "//") {
                while index < scalars.count, scalars[index] != "\n" { advance() }
            } else if starts(with: "/*") {
                while index < scalars.count, !starts(with: "*/") { advance() }
                guard index < scalars.count else { throw problem("a comment does not end") }
                index += 2
            } else {
                return
            }
        }
    }

    /// Passes over `mark` if it comes next.
    mutating func skip(_ mark: Unicode.Scalar) throws(ConfigurationProblem) -> Bool {
        try skipBlanksAndComments()
        guard index < scalars.count, scalars[index] == mark else { return false }
        index += 1
        return true
    }

    mutating func isAtEnd() throws(ConfigurationProblem) -> Bool {
        try skipBlanksAndComments()
        return index == scalars.count
    }

    mutating func expect(_ mark: Unicode.Scalar) throws(ConfigurationProblem) {
        guard try skip(mark) else { throw problem("\(mark) is missing") }
    }

    mutating func word(_ what: String) throws(ConfigurationProblem) -> String {
        guard let word = try nextWord() else { throw problem("\(what) is missing") }
        return word
    }

    /// The next word, quoted or not; nil if there is none.
    mutating func nextWord() throws(ConfigurationProblem) -> String? {
        try skipBlanksAndComments()
        guard index < scalars.count else { return nil }
        if scalars[index] == "\"" || scalars[index] == "'" { return try quoted(scalars[index]) }
        let start = index
        while index < scalars.count, !"{};=\"'".unicodeScalars.contains(scalars[index]),
            !scalars[index].properties.isWhitespace
        { index += 1 }
        guard index > start else { return nil }
        return String(String.UnicodeScalarView(scalars[start..<index]))
    }

    private mutating func quoted(_ mark: Unicode.Scalar) throws(ConfigurationProblem) -> String {
        index += 1
        var text = String.UnicodeScalarView()
        while index < scalars.count, scalars[index] != mark {
            if scalars[index] == "\\", index + 1 < scalars.count { index += 1 }
            text.append(scalars[index])
            advance()
        }
        guard index < scalars.count else { throw problem("a quoted value does not end") }
        index += 1
        return String(text)
    }
}
