/// What a rendering needs to know besides the spec.
public struct RenderOptions: Sendable {
    /// The image that containers are made from.
    public var image = "aviary"
    /// The program on hosts that have one.
    public var binary = "/usr/local/bin/aviary"
    /// How many servers an ensemble began with that has grown since; nil: all of the spec's.
    public var firstCount: Int?
    /// `user:password` of who may change the members.
    public var authentication: String

    /// Options with an operator's credential, a new one unless it is given.
    public init(authentication: String? = nil) {
        self.authentication = authentication ?? OperatorCredential.random().authentication
    }
}

/// A file that was rendered.
public struct RenderedFile: Equatable, Sendable {
    /// Without a folder.
    public var name: String
    /// For people to read, and programs.
    public var text: String
}

/// Text in the forms that the files need.
enum RenderText {
    /// A string of YAML, whatever it holds.
    static func quoted(_ text: String) -> String { JSONValue.string(text).text }

    /// One word of a shell.
    static func shellWord(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic
                    || "0123456789/._-".unicodeScalars.contains(scalar))
        }
        return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }

    /// `quoted`, where compose would replace `$NAME`.
    static func quotedForCompose(_ text: String) -> String {
        quoted(text.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$"))
    }

    /// Every line of a text, this far to the right.
    static func indented(_ text: String, by count: Int) -> String {
        let margin = String(repeating: " ", count: count)
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : margin + $0 }.joined(separator: "\n")
    }

    /// "1 server", "3 servers".
    static func servers(_ count: Int) -> String { count == 1 ? "1 server" : "\(count) servers" }
}
