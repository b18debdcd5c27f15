// early: loads clients before `register` does, as another --import might.
import '@grpc/grpc-js';
import 'undici';
