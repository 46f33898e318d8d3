namespace BeerTap.Server.Storage;

internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Information, "The {Provider} store in {Folder} is open: epoch {Epoch}, {Positions} positions, {Beers} beers")]
    public static partial void StoreOpened(ILogger log, string provider, string folder, string epoch, long positions, long beers);

    [LoggerMessage(1002, LogLevel.Warning, "A commit of {Submissions} submissions failed ({Reason}); trying each alone")]
    public static partial void CommitRetriedAlone(ILogger log, int submissions, string reason);

    [LoggerMessage(1003, LogLevel.Error, "{Commands} commands could not be committed; their caller is told 503")]
    public static partial void CommitFailed(ILogger log, Exception fault, int commands);

    [LoggerMessage(1004, LogLevel.Critical, "An observer failed on the batch that ends at position number {Last}")]
    public static partial void AnnounceFailed(ILogger log, Exception fault, long last);

    [LoggerMessage(1005, LogLevel.Warning, "{Warning}")]
    public static partial void StoreWarning(ILogger log, string warning);

    [LoggerMessage(1006, LogLevel.Information, "{Work}")]
    public static partial void StoreWorks(ILogger log, string work);

    [LoggerMessage(1007, LogLevel.Error, "No pour is stored: {Fault}. Put the same files back in their place; if they are lost, stop the hub and restore a backup")]
    public static partial void FilesMoved(ILogger log, string fault);

    [LoggerMessage(1008, LogLevel.Information, "The store's files are back in their place; pours are stored again")]
    public static partial void FilesBack(ILogger log);
}
