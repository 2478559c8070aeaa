// A YAML document as a tree, in which everything knows where it was written.

/// A value of a document, with its place counted from 1.
public struct YAMLNode: Equatable, Sendable {
    /// What a node is.
    public enum Content: Equatable, Sendable {
        /// Text; plain text may mean a number or a word, quoted text never does.
        case scalar(String, isPlain: Bool)
        /// A list.
        case sequence([YAMLNode])
        /// Keys and values in the order of the file, merge keys resolved.
        case mapping([YAMLEntry])
    }

    /// What it is.
    public var content: Content
    /// The line of its first character.
    public var line: Int
    /// The column of its first character, in Unicode scalars.
    public var column: Int
}

/// A key of a mapping and its value.
public struct YAMLEntry: Equatable, Sendable {
    /// The key.
    public var key: String
    /// The line of the key.
    public var line: Int
    /// The column of the key.
    public var column: Int
    /// The value.
    public var value: YAMLNode
}

/// Why a text is no document that we take.
public struct YAMLError: Error, Equatable, Sendable {
    /// The reason, for people.
    public var message: String
    /// The line, from 1.
    public var line: Int
    /// The column, from 1.
    public var column: Int
}

/// How much of a document is too much: a spec is written by hand, an attack is not.
public enum YAMLLimits {
    /// Bytes of text.
    public static let bytes = 1 << 20
    /// Nodes within nodes.
    public static let depth = 100
    /// Nodes with every alias replaced by what it stands for.
    public static let nodes = 20_000
}
