/// What the environment of a server's process says, by the names that the scripts of Apache
/// ZooKeeper read.
public struct ServerEnvironment: Equatable, Sendable {
    /// What `JVMFLAGS` and `SERVER_JVMFLAGS` hold.
    public var javaFlags = ""
    /// Whether a missing data directory ends the start, whatever zoo.cfg says.
    public var forbidsNewDirectories = false
    /// Names that are set, and that nothing here depends on.
    public var withoutEffect: [String] = []
    /// Whether somebody has said already what has no effect.
    public var isExplained = false

    /// Names of what sizes, places or watches a Java machine, or is for the scripts around it.
    static let namesWithoutEffect = [
        "CLASSPATH", "JAVA_HOME", "JMXAUTH", "JMXDISABLE", "JMXHOSTNAME", "JMXLOCALONLY",
        "JMXLOG4J", "JMXPORT", "JMXSSL", "ZK_SERVER_HEAP", "ZOOCFG", "ZOOCFGDIR", "ZOOPIDFILE",
        "ZOO_LOG4J_PROP", "ZOO_LOG_DIR", "ZOO_LOG_FILE", "ZOO_NOEXEC",
    ]

    /// An environment that says nothing but this.
    public init(javaFlags: String = "") { self.javaFlags = javaFlags }

    /// Reads an environment; `value` knows its variables.
    public init(_ value: (String) -> String?) {
        func isSet(_ name: String) -> Bool { value(name)?.isEmpty == false }
        javaFlags = ["SERVER_JVMFLAGS", "JVMFLAGS"].compactMap(value).joined(separator: " ")
        forbidsNewDirectories = isSet("ZOO_DATADIR_AUTOCREATE_DISABLE")
        withoutEffect = ServerEnvironment.namesWithoutEffect.filter(isSet)
    }

    /// What is said of all that has no effect.
    func notes(_ options: JavaOptions.Reading) -> [ConfigurationProblem] {
        guard !isExplained else { return [] }
        func note(_ names: [String], _ message: String) -> [ConfigurationProblem] {
            names.isEmpty
                ? []
                : [
                    ConfigurationProblem(
                        .warning, message + names.joined(separator: ", "), file: "environment",
                        line: nil)
                ]
        }
        return note(
            options.ofJava + withoutEffect,
            "accepted without effect, as there is no Java machine and no script around it: ")
            + note(options.misplaced, "these count only in the file: ")
    }
}
