// What is wrong with a spec, where, and how a person is shown it.

/// A mistake in a spec, or something that is allowed and hardly meant.
public struct SpecProblem: Equatable, Sendable {
    /// Whether the spec can be used in spite of it.
    public enum Severity: String, Equatable, Sendable {
        /// It cannot.
        case error
        /// It can.
        case warning
    }

    /// Whether the spec can be used.
    public var severity: Severity
    /// What is wrong and, where one is near, the word that was probably meant.
    public var message: String
    /// The line, from 1.
    public var line: Int
    /// The column, from 1, in Unicode scalars.
    public var column: Int

    /// The problem as compilers print it: its place, the line of the source, and a caret.
    public func rendered(file: String, source: String) -> String {
        let head = "\(file):\(line):\(column): \(severity.rawValue): \(message)"
        let lines = source.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1) else { return head }
        var text = String.UnicodeScalarView(lines[line - 1])
        if text.last == "\r" { text.removeLast() }
        var margin = ""
        // A tab is as wide in the margin as above it.
        for scalar in text.prefix(column - 1) { margin += scalar == "\t" ? "\t" : " " }
        return "\(head)\n\(String(text))\n\(margin)^"
    }
}
