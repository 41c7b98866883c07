import AVFoundation
@_exported import Foundation

public class CXHandle: NSObject {
    public enum HandleType: Int, Sendable {
        case generic = 1
        case phoneNumber = 2
        case emailAddress = 3
    }

    public let type: HandleType
    public let value: String
    public init(type: HandleType, value: String) {
        self.type = type
        self.value = value
    }
}

public class CXCallUpdate: NSObject {
    public var remoteHandle: CXHandle?
    public var localizedCallerName: String?
    public var supportsHolding = false
    public var supportsGrouping = false
    public var supportsUngrouping = false
    public var supportsDTMF = false
    public var hasVideo = false
}

public class CXProviderConfiguration: NSObject {
    public var maximumCallGroups = 2
    public var maximumCallsPerCallGroup = 5
    public var supportsVideo = false
    public final var supportedHandleTypes: Set<CXHandle.HandleType> = []
}

public enum CXCallEndedReason: Int, Sendable {
    case failed = 1
    case remoteEnded = 2
    case unanswered = 3
    case answeredElsewhere = 4
    case declinedElsewhere = 5
}

public struct CXErrorCodeIncomingCallError: Error {
    public enum Code: Int, Sendable {
        case unknown = 0
        case unentitled = 1
        case callUUIDAlreadyExists = 2
        case filteredByDoNotDisturb = 3
        case filteredByBlockList = 4
    }

    public let code: Code
    public init(_ code: Code) { self.code = code }
}

public class CXAction: NSObject {
    public private(set) var isComplete = false
    public func fulfill() { end("fulfilled") }
    public func fail() { end("failed") }

    private func end(_ how: String) {
        isComplete = true
        CXProvider.tell(how)
    }
}

public class CXCallAction: CXAction {
    public let callUUID: UUID
    public init(call callUUID: UUID) { self.callUUID = callUUID }
}

public class CXStartCallAction: CXCallAction {
    public var handle: CXHandle
    public var isVideo = false
    public init(call callUUID: UUID, handle: CXHandle) {
        self.handle = handle
        super.init(call: callUUID)
    }
}

public class CXAnswerCallAction: CXCallAction {}

public class CXEndCallAction: CXCallAction {}

public class CXSetMutedCallAction: CXCallAction {
    public var isMuted: Bool
    public init(call callUUID: UUID, muted: Bool) {
        isMuted = muted
        super.init(call: callUUID)
    }
}

public class CXTransaction: NSObject {
    public let actions: [CXAction]
    public init(action: CXAction) { actions = [action] }
}

public class CXCallController: NSObject {
    @preconcurrency
    public func request(_ transaction: CXTransaction, completion: @escaping @Sendable ((any Error)?) -> Void) {
        CXProvider.last?.perform(transaction.actions)
        completion(nil)
    }
}

public protocol CXProviderDelegate: NSObjectProtocol {
    func providerDidReset(_ provider: CXProvider)

    // Optional, in Objective-C.

    func provider(_ provider: CXProvider, perform action: CXStartCallAction)
    func provider(_ provider: CXProvider, perform action: CXAnswerCallAction)
    func provider(_ provider: CXProvider, perform action: CXEndCallAction)
    func provider(_ provider: CXProvider, perform action: CXSetMutedCallAction)
    func provider(_ provider: CXProvider, didActivate audioSession: AVAudioSession)
    func provider(_ provider: CXProvider, didDeactivate audioSession: AVAudioSession)
}

extension CXProviderDelegate {
    public func provider(_ provider: CXProvider, perform action: CXStartCallAction) {}
    public func provider(_ provider: CXProvider, perform action: CXAnswerCallAction) {}
    public func provider(_ provider: CXProvider, perform action: CXEndCallAction) {}
    public func provider(_ provider: CXProvider, perform action: CXSetMutedCallAction) {}
    public func provider(_ provider: CXProvider, didActivate audioSession: AVAudioSession) {}
    public func provider(_ provider: CXProvider, didDeactivate audioSession: AVAudioSession) {}
}

public class CXProvider: NSObject {
    private weak var delegate: (any CXProviderDelegate)?
    private var queue = DispatchQueue.main
    private var shown: Set<UUID> = []

    public init(configuration: CXProviderConfiguration) {
        super.init()
        Self.last = self
    }

    public func setDelegate(_ delegate: (any CXProviderDelegate)?, queue: DispatchQueue?) {
        self.delegate = delegate
        self.queue = queue ?? .main
    }

    @preconcurrency
    public func reportNewIncomingCall(with UUID: UUID, update: CXCallUpdate,
                                      completion: @escaping @Sendable ((any Error)?) -> Void) {
        Self.reports += 1
        let isNew = shown.insert(UUID).inserted
        if isNew { Self.tell("rings \(update.localizedCallerName ?? "somebody")") }
        queue.async { completion(isNew ? nil : CXErrorCodeIncomingCallError(.callUUIDAlreadyExists)) }
    }

    public func reportCall(with UUID: UUID, endedAt dateEnded: Date?, reason endedReason: CXCallEndedReason) {
        if shown.remove(UUID) != nil { Self.tell("stops \(endedReason)") }
    }

    public func reportOutgoingCall(with UUID: UUID, startedConnectingAt dateStartedConnecting: Date?) {
        Self.tell("connects")
    }

    public func reportOutgoingCall(with UUID: UUID, connectedAt dateConnected: Date?) { Self.tell("is connected") }

    // What the test sees of CallKit, and does in it.

    @_spi(Phone) public private(set) static weak var last: CXProvider?
    @_spi(Phone) public private(set) static var reports = 0
    @_spi(Phone) public static var tell: (String) -> Void = { _ in }

    @_spi(Phone) public func perform(_ actions: [CXAction]) {
        for action in actions {
            switch action {
            case let action as CXStartCallAction:
                shown.insert(action.callUUID)
                delegate?.provider(self, perform: action)
            case let action as CXAnswerCallAction: delegate?.provider(self, perform: action)
            case let action as CXEndCallAction:
                shown.remove(action.callUUID)
                delegate?.provider(self, perform: action)
            default: fatalError("no \(type(of: action)) comes from the user of this phone")
            }
        }
    }
}
