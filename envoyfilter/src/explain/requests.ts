// requests: a file of requests: an HTTP archive, or lines of curl or `POST /login -H …`. Pure.

import { readRequest } from './curl.js';
import { harRequests } from './har.js';
import { RequestSyntaxError, type SentRequest } from './sent-request.js';
import { ShellWordsError, shellLines } from './shell-words.js';

/**
 * @param name the file's, for messages
 * @throws RequestSyntaxError with file and line
 */
export function readRequests(text: string, name: string): SentRequest[] {
  const plain = text.replace(/^\ufeff/, '');
  const requests = /^\s*[{[]/.test(plain) ? archive(plain, name) : script(plain, name);
  if (requests.length > 0) return requests;
  throw new RequestSyntaxError(`${name}: found no request, wanted lines of curl or a HAR file`);
}

function archive(text: string, name: string): SentRequest[] {
  try {
    return harRequests(JSON.parse(text)).map((request, at) => ({
      ...request,
      source: `${name}#${at}`,
    }));
  } catch (error) {
    if (!(error instanceof RequestSyntaxError || error instanceof SyntaxError)) throw error;
    throw new RequestSyntaxError(`${name}: ${error.message}`);
  }
}

function script(text: string, name: string): SentRequest[] {
  let place = name;
  try {
    return shellLines(text).map(({ line, words }) => {
      place = `${name}:${line}`;
      return { ...readRequest(words), source: place };
    });
  } catch (error) {
    if (error instanceof ShellWordsError) {
      throw new RequestSyntaxError(`${name}:${error.line}: ${error.message}`);
    }
    if (!(error instanceof RequestSyntaxError)) throw error;
    throw new RequestSyntaxError(`${place}: ${error.message}`);
  }
}
