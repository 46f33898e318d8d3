namespace BeerTap.Server.Security;

internal static partial class Log
{
    [LoggerMessage(6001, LogLevel.Warning, "There is no key: whoever is on this machine may pour and delete. To change that: {Command}")]
    public static partial void Open(ILogger log, string command);

    [LoggerMessage(6002, LogLevel.Information, "The key {Id} of the role {Role} is good")]
    public static partial void KeyIsGood(ILogger log, string id, string role);

    [LoggerMessage(6003, LogLevel.Information, "The key {Id} is revoked; its connections are closed")]
    public static partial void KeyIsRevoked(ILogger log, string id);

    [LoggerMessage(6004, LogLevel.Error, "The keys stay as they were read last: {Reason}")]
    public static partial void KeysNotRead(ILogger log, string reason);

    [LoggerMessage(6013, LogLevel.Information, "{Path} is read again")]
    public static partial void KeysReadAgain(ILogger log, string path);

    [LoggerMessage(6014, LogLevel.Warning, "Security:Reading is keys and there is no key: nothing can be read. To make one: {Command}")]
    public static partial void NoKeyToRead(ILogger log, string command);

    [LoggerMessage(6005, LogLevel.Warning, "When keys were used could not be written down: {Reason}")]
    public static partial void UsesNotSaved(ILogger log, string reason);

    [LoggerMessage(6006, LogLevel.Error, "A configured key opens nothing now: {Fault}")]
    public static partial void ConfiguredKeyFault(ILogger log, string fault);

    [LoggerMessage(6007, LogLevel.Information, "The key {Id} of the role {Role} was made by the key {By}")]
    public static partial void KeyMade(ILogger log, string id, string role, string by);

    [LoggerMessage(6008, LogLevel.Information, "The key {Id} was revoked by the key {By}")]
    public static partial void KeyRevoked(ILogger log, string id, string by);

    [LoggerMessage(6009, LogLevel.Warning, "Every key was revoked: nobody may pour. To change that: {Command}")]
    public static partial void NoGoodKey(ILogger log, string command);

    [LoggerMessage(6010, LogLevel.Error, "The keys could not be changed")]
    public static partial void KeysNotChanged(ILogger log, Exception fault);

    [LoggerMessage(6012, LogLevel.Information, "This hub knows no key yet: it asks the other hubs once it has caught up with the log")]
    public static partial void NoKeyYet(ILogger log);

    [LoggerMessage(6011, LogLevel.Warning, "{Path} is gone: no key that was made opens anything now")]
    public static partial void KeysGone(ILogger log, string path);
}
