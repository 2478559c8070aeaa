/// Why an ensemble could not be found, started or changed: what happened, and what to type next.
public struct EnsembleError: Error, CustomStringConvertible, Sendable {
    /// What kind of failure; it decides the exit code.
    public enum Kind: Sendable {
        /// It was tried, and did not work.
        case failed
        /// What was typed names something that does not exist.
        case misused
        /// The spec or a file of the ensemble is wrong.
        case wrong
        /// There is no such ensemble, or it has no quorum.
        case unreachable
    }

    /// What kind of failure.
    public let kind: Kind
    /// The text for people.
    public let description: String

    /// An error with a text for people.
    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// Something was tried and did not work.
    init(_ description: String) { self.init(.failed, description) }
}
