import { LogLevel, Status } from '../../../filter/assembly/abi/enums';
import { putAscii, textReset } from '../../../filter/assembly/bytes/text';
import { logEnabled, logInit, logText } from '../../../filter/assembly/shim/log';
import { hostLog, hostLogLevel, hostRefuse, hostReset } from '../host';

describe('log', () => {
  beforeEach(() => {
    hostReset();
  });

  it('hands over the line with its level', () => {
    textReset();
    putAscii('one line');
    logText(LogLevel.Warn);
    logText(LogLevel.Critical);
    expect(hostLog()).toBe('3 one line\n5 one line');
  });

  it('asks for the level once, and keeps what is below it unwritten', () => {
    hostLogLevel(LogLevel.Warn);
    logInit();
    hostLogLevel(LogLevel.Trace);
    expect(logEnabled(LogLevel.Info)).toBe(false);
    expect(logEnabled(LogLevel.Warn)).toBe(true);
    expect(logEnabled(LogLevel.Error)).toBe(true);
  });

  it('takes Info where the host does not say', () => {
    hostLogLevel(LogLevel.Trace);
    logInit();
    expect(logEnabled(LogLevel.Trace)).toBe(true);
    hostRefuse('proxy_get_log_level', Status.Unimplemented);
    logInit();
    expect(logEnabled(LogLevel.Debug)).toBe(false);
    expect(logEnabled(LogLevel.Info)).toBe(true);
  });
});
