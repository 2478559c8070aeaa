/// Something that is wrong, or may become so: what, why it matters, and what mends it.
public struct Finding: Equatable, Sendable {
    /// How bad it is.
    public enum Severity: String, Sendable {
        /// It keeps a server from its work, or will at the next start.
        case error
        /// It works, and should not be left so.
        case warning
    }

    /// What `doctor --fix` can do without a risk for data or quorum.
    public enum Repair: Equatable, Sendable {
        /// Write the `myid` file of a server that does not run.
        case writeMyID(server: Int)
        /// Make a data directory that is missing.
        case makeDirectory(String)
        /// Start a server that does not run.
        case start(server: Int)
        /// Let a stopped process go on.
        case resume(server: Int)
        /// Take the rights of everybody else from a file.
        case makePrivate(String)
    }

    /// A word for programs, such as `myid-missing`.
    public var code: String
    /// How bad it is.
    public var severity: Severity
    /// The server it is about; nil if it is about all.
    public var server: Int?
    /// What is wrong, in a sentence.
    public var text: String
    /// The command to type next.
    public var remedy: String
    /// What `--fix` does about it.
    public var repair: Repair?

    init(
        _ code: String, _ severity: Severity, server: Int? = nil, _ text: String, remedy: String,
        repair: Repair? = nil
    ) {
        self.code = code
        self.severity = severity
        self.server = server
        self.text = text
        self.remedy = remedy
        self.repair = repair
    }

    /// For programs; the fields are those of Documentation/LAUNCHER.md.
    public var json: JSONValue {
        .object([
            JSONValue.Field("code", .string(code)),
            JSONValue.Field("severity", .string(severity.rawValue)),
            JSONValue.Field("server", JSONValue(server)), JSONValue.Field("text", .string(text)),
            JSONValue.Field("remedy", .string(remedy)),
            JSONValue.Field("canFix", .bool(repair != nil)),
        ])
    }
}
